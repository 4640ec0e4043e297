"""The catalogue of plugins, and the card of each."""

from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from altiplano.accounts.interfaces.auth import member_required
from altiplano.accounts.interfaces.forms import status_of
from altiplano.accounts.principal import Principal
from altiplano.catalog import queries
from altiplano.catalog.domain.concerns import raise_concern
from altiplano.catalog.domain.quarantine import quarantines_of
from altiplano.catalog.interfaces.cards import card_of, rights_of
from altiplano.catalog.interfaces.forms import ConcernForm
from altiplano.catalog.package_models import Package
from altiplano.catalog.uses import published_apps_with, uses_of
from altiplano.catalog.wording import KIND_NAMES, needs_of, sees_of, touches_of
from altiplano.kernel.errors import DomainError
from altiplano.kernel.forms import add_domain_errors

PAGE_SIZE = 20


@require_safe
@member_required
def list_plugins(request: HttpRequest, principal: Principal) -> HttpResponse:
    """What anybody may install, and below it what is built in."""
    principal.require("read")
    wanted, kind = request.GET.get("q", "").strip()[:100], request.GET.get("kind", "")
    packages = queries.catalogue()
    if wanted:
        packages = packages.filter(
            Q(slug__icontains=wanted)
            | Q(current__manifest__title__icontains=wanted)
            | Q(current__manifest__summary__icontains=wanted)
        )
    if kind in KIND_NAMES:
        packages = packages.filter(current__schemas__has_key=kind)
    page = Paginator(packages, PAGE_SIZE).get_page(request.GET.get("page"))
    installed = queries.installed_releases(principal.organization_id)
    context = {
        "section": "catalogue",
        **rights_of(principal),
        "page": page,
        "cards": [card_of(each.current, each) for each in page if each.current is not None],
        "installed": set(installed),
        "wanted": wanted,
        "kind": kind,
        "kinds": KIND_NAMES.items(),
        "built_in": [] if wanted or page.number > 1 else _built_in(kind),
    }
    return render(request, "catalog/plugin_list.html", context)


@require_safe
@member_required
def list_installed(request: HttpRequest, principal: Principal) -> HttpResponse:
    """What the organization installed, with what it may do there."""
    principal.require("read")
    page = Paginator(queries.installations_of(principal.organization_id), PAGE_SIZE).get_page(
        request.GET.get("page")
    )
    context = {
        "section": "installed",
        **rights_of(principal),
        "page": page,
        "rows": [
            (installation, card_of(installation.release), touches_of(installation.granted))
            for installation in page
        ],
    }
    return render(request, "catalog/installed_list.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@member_required
def show_plugin(request: HttpRequest, principal: Principal, slug: str) -> HttpResponse:
    """The card of one plugin. What is sent is a concern about it."""
    principal.require("read")
    package = Package.objects.get_seen_by(principal.organization_id, slug)
    form = ConcernForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            raise_concern(principal=principal, slug=slug, text=form.cleaned_data["text"])
        except DomainError as error:
            add_domain_errors(form, error)
        else:
            messages.success(request, _("Thank you. The staff of this platform will look at it."))
            return redirect("catalog:plugin", slug)
    return render(
        request,
        "catalog/plugin_detail.html",
        _card_context(principal, package, form),
        status=status_of(form),
    )


def _card_context(principal: Principal, package: Package, form: ConcernForm) -> dict[str, Any]:
    installation = queries.installation_of(principal.organization_id, package)
    history = list(queries.published_releases(package)[:PAGE_SIZE])
    shown = package.current or (installation.release if installation else None)
    shown = shown or queries.releases_of_author(principal.organization_id, package).first()
    return {
        "section": "catalogue",
        **rights_of(principal),
        "package": package,
        "release": shown,
        "card": None if shown is None else card_of(shown, package),
        "sees": [] if shown is None else sees_of(shown.manifest),
        "needs": "" if shown is None else needs_of(shown.manifest["grants"]),
        "history": history,
        "installation": installation,
        "granted": touches_of(installation.granted) if installation else (),
        "uses": uses_of(principal.organization_id, package.slug) if installation else (),
        "resting": quarantines_of(principal.organization_id, package) if installation else (),
        "users": package.installations.filter(is_enabled=True).count(),
        "apps": published_apps_with(package.slug),
        "is_mine": package.owner_id == principal.organization_id,
        "form": form,
    }


def _built_in(kind: str) -> list[dict[str, Any]]:
    return [
        {
            "kind": KIND_NAMES.get(release.plugin.kind, release.plugin.kind),
            "title": release.manifest.get("title", release.plugin.slug),
            "summary": release.manifest.get("summary", ""),
        }
        for release in queries.releases()
        if release.state == "active" and kind in ("", release.plugin.kind)
    ]
