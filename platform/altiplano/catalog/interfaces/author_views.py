"""An author's pages: packages and their releases on the way, drafts, and the keys that sign."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from altiplano.accounts.interfaces.auth import member_required
from altiplano.accounts.interfaces.forms import status_of
from altiplano.accounts.principal import Principal
from altiplano.catalog import queries
from altiplano.catalog.domain import author_keys
from altiplano.catalog.domain.drafts import remove_draft
from altiplano.catalog.domain.reading import PackageRefusedError, SignerRefusedError
from altiplano.catalog.domain.uploading import WAITING, receive_release, withdraw_release
from altiplano.catalog.interfaces.cards import rights_of
from altiplano.catalog.interfaces.forms import KeyForm, UploadForm
from altiplano.catalog.interfaces.uploads import uploaded_package
from altiplano.catalog.package_models import CheckStep, Package, PackageRelease, PackageState
from altiplano.kernel.errors import DomainError
from altiplano.kernel.forms import add_domain_errors

LATEST = 30


@require_http_methods(["GET", "HEAD", "POST"])
@member_required
def own_packages(request: HttpRequest, principal: Principal) -> HttpResponse:
    """The organization's packages, and the form in which a signed release is uploaded."""
    principal.require("write")
    form = UploadForm()
    findings: Any = ()
    status = 200
    if request.method == "POST":
        form = UploadForm(request.POST, request.FILES)
        try:
            with uploaded_package(request) as path:
                release = receive_release(principal=principal, file=path)
        except DomainError as error:
            form.is_valid()
            add_domain_errors(form, error)
            if isinstance(error, PackageRefusedError | SignerRefusedError):
                findings = error.findings
            status = error.status
        else:
            messages.success(request, _("The release is being checked."))
            return redirect("catalog:own-package", release.package.slug)
    context = {
        "section": "mine",
        **rights_of(principal),
        "packages": queries.packages_with_latest(principal.organization_id),
        "form": form,
        "findings": findings,
        "has_key": any(key.is_active for key in queries.keys_of(principal.organization_id)),
    }
    return render(request, "catalog/own_packages.html", context, status=status)


@require_safe
@member_required
def own_package(request: HttpRequest, principal: Principal, slug: str) -> HttpResponse:
    """Every release of one package with where it stands, and what the checks say."""
    principal.require("write")
    package = Package.objects.get_owned_by(principal.organization_id, slug)
    releases = list(queries.releases_of_author(principal.organization_id, package)[:LATEST])
    context = {
        "section": "mine",
        **rights_of(principal),
        "package": package,
        "draft": next((each for each in releases if each.state == PackageState.DRAFT), None),
        "releases": [each for each in releases if each.state != PackageState.DRAFT],
        "waiting": WAITING,
        "steps": CheckStep.choices,
        "is_moving": any(each.state == PackageState.CHECKING for each in releases),
    }
    if request.headers.get("HX-Request"):  # the page keeps its list fresh while checks run
        return render(request, "catalog/_own_releases.html", context)
    return render(request, "catalog/own_package.html", context)


@require_POST
@member_required
def withdraw(request: HttpRequest, principal: Principal, release_id: str) -> HttpResponse:
    PackageRelease.objects.get_owned_by(principal.organization_id, release_id)
    release = withdraw_release(principal=principal, release_id=release_id)
    messages.success(request, _("Version %(version)s is withdrawn.") % {"version": release.version})
    return redirect("catalog:own-package", release.package.slug)


@require_POST
@member_required
def discard_draft(request: HttpRequest, principal: Principal, slug: str) -> HttpResponse:
    remove_draft(principal=principal, slug=slug)
    messages.success(request, _("The draft is removed."))
    return redirect("catalog:own-package", slug)


@require_http_methods(["GET", "HEAD", "POST"])
@member_required
def list_keys(request: HttpRequest, principal: Principal) -> HttpResponse:
    """The keys whose signatures are the organization's, and a form for another one."""
    principal.require("write")
    form = KeyForm(request.POST or None)
    if request.method == "POST":
        principal.require("manage")
        if form.is_valid():
            try:
                author_keys.add_key(principal=principal, **form.cleaned_data)
            except DomainError as error:
                add_domain_errors(form, error)
            else:
                messages.success(request, _("What this key signs is yours from now on."))
                return redirect("catalog:keys")
    context = {
        "section": "keys",
        **rights_of(principal),
        "keys": queries.keys_of(principal.organization_id),
        "form": form,
    }
    return render(request, "catalog/key_list.html", context, status=status_of(form))


@require_POST
@member_required
def end_key(request: HttpRequest, principal: Principal, author_key_id: str) -> HttpResponse:
    """The key is retired, or revoked because somebody else may have it (``do``)."""
    if request.POST.get("do") == "revoke":
        key = author_keys.revoke_key(principal=principal, key_id=author_key_id)
        said = _("Nothing that the key “%(name)s” signed is believed any more.")
    else:
        key = author_keys.retire_key(principal=principal, key_id=author_key_id)
        said = _("The key “%(name)s” signs nothing new. What it signed stays good.")
    messages.success(request, said % {"name": key.name})
    return redirect("catalog:keys")
