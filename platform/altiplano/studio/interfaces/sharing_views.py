"""The page “Share”: how people who are not members meet an app, and programs."""

import io
from collections.abc import Callable
from typing import Any

import segno
from django import forms
from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from altiplano.accounts.interfaces.auth import member_required
from altiplano.accounts.principal import Principal
from altiplano.kernel.errors import DomainError
from altiplano.kernel.forms import add_domain_errors
from altiplano.studio.domain import sharing as domain
from altiplano.studio.interfaces.sharing_forms import AllowanceForm, AppearanceForm, WebsitesForm
from altiplano.studio.interfaces.sharing_samples import embed_snippet, samples_for
from altiplano.studio.models import App, AppSharing
from altiplano.studio.public_apps import sharing_of


@require_safe
@member_required
def share_publicly(request: HttpRequest, principal: Principal, app_id: str) -> HttpResponse:
    """Whether everybody may ask the app, at which address, and how it looks there."""
    return _show_public(
        request, principal, App.objects.get_within(principal.organization_id, app_id)
    )


@require_POST
@member_required
def open_app(request: HttpRequest, principal: Principal, app_id: str) -> HttpResponse:
    try:
        domain.open_to_public(principal=principal, app_id=app_id)
    except DomainError as error:
        if error.status != 409:
            raise
        messages.error(request, error.message)
    else:
        messages.success(request, _("Everybody who has the address can ask this app now."))
    return redirect("studio:share", app_id)


@require_POST
@member_required
def close_app(request: HttpRequest, principal: Principal, app_id: str) -> HttpResponse:
    domain.close_to_public(principal=principal, app_id=app_id)
    messages.success(request, _("Only members can ask this app now. Your settings are kept."))
    return redirect("studio:share", app_id)


@require_http_methods(["POST"])
@member_required
def save_appearance(request: HttpRequest, principal: Principal, app_id: str) -> HttpResponse:
    principal.require("write")
    app = App.objects.get_within(principal.organization_id, app_id)
    form = AppearanceForm(sharing_of(app), request.POST)

    def save() -> None:
        domain.change_appearance(principal=principal, app_id=app.id, appearance=form.appearance())

    if _is_saved(form, save):
        messages.success(request, _("Saved. Visitors see it from now on."))
        return redirect("studio:share", app.id)
    return _show_public(request, principal, app, look=form, status=400)


@require_http_methods(["POST"])
@member_required
def save_allowance(request: HttpRequest, principal: Principal, app_id: str) -> HttpResponse:
    principal.require("write")
    app = App.objects.get_within(principal.organization_id, app_id)
    form = AllowanceForm(sharing_of(app), request.POST)

    def save() -> None:
        domain.change_allowance(principal=principal, app_id=app.id, allowance=form.allowance())

    if _is_saved(form, save):
        messages.success(request, _("Saved. It holds from the next question on."))
        return redirect("studio:share", app.id)
    return _show_public(request, principal, app, limits=form, status=400)


@require_http_methods(["GET", "HEAD", "POST"])
@member_required
def share_on_websites(request: HttpRequest, principal: Principal, app_id: str) -> HttpResponse:
    """The line that puts the chat on a website, and on which websites it works."""
    app = App.objects.get_within(principal.organization_id, app_id)
    sharing = sharing_of(app)
    form = WebsitesForm(sharing, request.POST or None)
    if request.method == "POST":
        principal.require("write")

        def save() -> None:
            domain.allow_domains(principal=principal, app_id=app.id, domains=form.domains_named())

        if _is_saved(form, save):
            messages.success(request, _("Saved. Browsers show the chat there and nowhere else."))
            return redirect("studio:share-website", app.id)
    context = _context(principal, app, sharing, part="website") | {
        "form": form,
        "snippet": embed_snippet(
            url=settings.PUBLIC_URL, organization=principal.organization_slug, app=app.slug
        ),
        "origin": settings.PUBLIC_URL,
    }
    status = 400 if form.errors else 200
    return render(request, "studio/sharing_website.html", context, status=status)


@require_safe
@member_required
def share_with_programs(request: HttpRequest, principal: Principal, app_id: str) -> HttpResponse:
    """Programs that ask this app, ready to be copied."""
    app = App.objects.get_within(principal.organization_id, app_id)
    model = f"{principal.organization_slug}/{app.slug}"
    context = _context(principal, app, sharing_of(app), part="api") | {
        "samples": samples_for(url=settings.PUBLIC_URL, app=str(app.id), model=model),
        "model": model,
        "base_url": f"{settings.PUBLIC_URL}/v1",
    }
    return render(request, "studio/sharing_api.html", context)


@require_safe
@member_required
def preview_widget(request: HttpRequest, principal: Principal, app_id: str) -> HttpResponse:
    """An empty page with the chat on it, as on a website of the organization's."""
    app = App.objects.get_within(principal.organization_id, app_id)
    context = _context(principal, app, sharing_of(app), part="website")
    return render(request, "studio/sharing_preview.html", context)


@require_safe
@member_required
def download_qr_code(
    request: HttpRequest, principal: Principal, app_id: str, kind: str
) -> HttpResponse:
    """The public address as a picture, to be printed: as lines (svg) or as points (png)."""
    app = App.objects.get_within(principal.organization_id, app_id)
    out = io.BytesIO()
    _qr_code(principal, app).save(out, kind=kind, scale=16 if kind == "png" else 8, light="#ffffff")
    response = HttpResponse(
        out.getvalue(), content_type="image/png" if kind == "png" else "image/svg+xml"
    )
    response["Content-Disposition"] = f'attachment; filename="{app.slug}.{kind}"'
    response["X-Content-Type-Options"] = "nosniff"
    return response


def _is_saved(form: forms.Form, save: Callable[[], None]) -> bool:
    """What the form says is stored; otherwise the form says why not, and keeps its text."""
    if not form.is_valid():
        return False
    try:
        save()
    except DomainError as error:
        if error.status != 400:
            raise
        add_domain_errors(form, error)
        return False
    return True


def _show_public(
    request: HttpRequest,
    principal: Principal,
    app: App,
    *,
    look: AppearanceForm | None = None,
    limits: AllowanceForm | None = None,
    status: int = 200,
) -> HttpResponse:
    sharing = sharing_of(app)
    context = _context(principal, app, sharing, part="public") | {
        "look": look or AppearanceForm(sharing),
        "limits": limits or AllowanceForm(sharing),
        "qr_code": SafeString(_qr_code(principal, app).svg_inline(scale=4, light="#ffffff")),
    }
    return render(request, "studio/sharing_public.html", context, status=status)


def _context(principal: Principal, app: App, sharing: AppSharing, *, part: str) -> dict[str, Any]:
    return {
        "app": app,
        "sharing": sharing,
        "part": part,
        "is_reachable": sharing.is_public
        and app.published_version_id is not None
        and principal.limits.allows_public_apps,
        "is_allowed": principal.limits.allows_public_apps,
        "may_write": "write" in principal.scopes,
        "model": f"{principal.organization_slug}/{app.slug}",
        "public_address": _public_address(principal, app),
    }


def _public_address(principal: Principal, app: App) -> str:
    path = reverse("visit:chat", args=[principal.organization_slug, app.slug])
    return f"{settings.PUBLIC_URL}{path}"


def _qr_code(principal: Principal, app: App) -> segno.QRCode:
    return segno.make(_public_address(principal, app), error="m", micro=False)
