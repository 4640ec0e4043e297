"""Making apps, finding them, and what is done with an app as a whole."""

from __future__ import annotations

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from altiplano.accounts.interfaces.auth import member_required
from altiplano.accounts.principal import Principal
from altiplano.kernel.errors import DomainError
from altiplano.kernel.forms import add_domain_errors
from altiplano.knowledge.queries import collections_of
from altiplano.studio import queries
from altiplano.studio.differences import plugin_title
from altiplano.studio.domain import apps
from altiplano.studio.domain.apps import AppChanges
from altiplano.studio.interfaces.forms import AppForm, NameForm
from altiplano.studio.models import App
from altiplano.studio.pipelines import from_stored
from altiplano.studio.plugins import releases_for_draft
from altiplano.studio.stage_edits import KIND_NAMES

PAGE_SIZE = 50
COPY_MARK = gettext_lazy("%(name)s (copy)")


@require_safe
@member_required
def list_apps(request: HttpRequest, principal: Principal) -> HttpResponse:
    """The organization's apps by name, or those with some words in their names."""
    principal.require("read")
    wanted = request.GET.get("q", "").replace("\0", "").strip()[:200]
    found = queries.apps_of(principal.organization_id)
    if wanted:
        found = found.filter(name__icontains=wanted)
    context = {
        "section": "apps",
        "page": Paginator(found, PAGE_SIZE).get_page(request.GET.get("page")),
        "wanted": wanted,
        "may_write": "write" in principal.scopes,
    }
    return render(request, "studio/app_list.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@member_required
def add_app(request: HttpRequest, principal: Principal) -> HttpResponse:
    """A new app from a template; a POST makes it and leads straight to the builder."""
    principal.require("write")
    collections = collections_of(principal.organization_id)
    asked = request.GET.getlist("collection")
    only = [str(collections[0].id)] if len(collections) == 1 else []
    form = AppForm(collections, request.POST or None, chosen=asked or only)
    status = 200
    if request.method == "POST":
        if form.is_valid():
            try:
                app = apps.create_app(principal=principal, **form.cleaned_data)
            except DomainError as error:
                add_domain_errors(form, error)
            else:
                return redirect("studio:build", app.id)
        status = 400
    context = {"section": "apps", "form": form, "has_collections": bool(collections)}
    return render(request, "studio/app_form.html", context, status=status)


@require_safe
@member_required
def show_app(request: HttpRequest, principal: Principal, app_id: str) -> HttpResponse:
    """What the app is made of, and what can be done with it as a whole."""
    app = App.objects.get_within(principal.organization_id, app_id)
    return _render_app(request, principal, app, NameForm({"name": app.name}))


@require_POST
@member_required
def rename_app(request: HttpRequest, principal: Principal, app_id: str) -> HttpResponse:
    """The app has another name; its address for programs stays."""
    principal.require("write")
    app = App.objects.get_within(principal.organization_id, app_id)
    form = NameForm(request.POST)
    if form.is_valid():
        try:
            apps.change_app(
                principal=principal, app_id=app_id, changes=AppChanges(**form.cleaned_data)
            )
        except DomainError as error:
            add_domain_errors(form, error)
        else:
            messages.success(request, _("The app has its new name."))
            return redirect("studio:app-detail", app_id)
    return _render_app(request, principal, app, form, status=400)


@require_POST
@member_required
def duplicate_app(request: HttpRequest, principal: Principal, app_id: str) -> HttpResponse:
    """A copy of the draft is an app of its own, opened in the builder."""
    principal.require("write")
    app = App.objects.get_within(principal.organization_id, app_id)
    name = COPY_MARK % {"name": app.name[:180]}
    try:
        copy = apps.duplicate_app(principal=principal, app_id=app_id, name=name)
    except DomainError as error:
        messages.error(request, error.message)
        return redirect("studio:app-detail", app_id)
    messages.success(request, _("“%(name)s” is a draft of its own.") % {"name": copy.name})
    return redirect("studio:build", copy.id)


@require_http_methods(["GET", "HEAD", "POST"])
@member_required
def delete_app(request: HttpRequest, principal: Principal, app_id: str) -> HttpResponse:
    principal.require("write")
    app = App.objects.get_within(principal.organization_id, app_id)
    typed = " ".join(request.POST.get("name", "").split())
    if request.method == "POST" and typed == app.name:
        apps.delete_app(principal=principal, app_id=app_id)
        messages.success(request, _("“%(name)s” is deleted.") % {"name": app.name})
        return redirect("studio:app-list")
    is_failed = request.method == "POST"
    context = {
        "what": _("Delete the app"),
        "name": app.name,
        "consequence": _(
            "The app goes with its versions and all answers it has given. "
            "Its collections and documents stay."
        ),
        "cancel_url": reverse("studio:app-detail", args=[app.id]),
        "failed": is_failed,
    }
    return render(request, "web/confirm.html", context, status=400 if is_failed else 200)


def _render_app(
    request: HttpRequest, principal: Principal, app: App, form: NameForm, *, status: int = 200
) -> HttpResponse:
    releases = releases_for_draft(app) or {}
    context = {
        "app": app,
        "tab": "about",
        "form": form,
        "collections": app.collections.order_by("name"),
        "stages": [
            (KIND_NAMES.get(each.kind, each.kind), plugin_title(releases, each.kind, each.plugin))
            for each in from_stored(app.draft_pipeline)
        ],
        "may_write": "write" in principal.scopes,
        "model": f"{principal.organization_slug}/{app.slug}",
    }
    return render(request, "studio/app_detail.html", context, status=status)
