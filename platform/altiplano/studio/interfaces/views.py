"""The first page after sign-in, and the pages on which apps are made and published."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from altiplano.accounts.interfaces.auth import member_required
from altiplano.accounts.principal import Principal
from altiplano.kernel.attention import attention_for
from altiplano.kernel.errors import DomainError
from altiplano.kernel.forms import add_domain_errors
from altiplano.knowledge.queries import collections_of
from altiplano.studio import queries
from altiplano.studio.domain.apps import create_app
from altiplano.studio.domain.apps import delete_app as remove_app
from altiplano.studio.domain.versions import freeze_version, publish_version
from altiplano.studio.interfaces.forms import AppForm
from altiplano.studio.models import App
from altiplano.studio.pipelines import from_stored


@require_safe
@member_required
def home(request: HttpRequest, principal: Principal) -> HttpResponse:
    """The organization's apps and collections with their states, and what waits for the reader."""
    context = {
        "section": "home",
        "attention": attention_for(principal.organization_id, principal.scopes),
        "apps": queries.apps_of(principal.organization_id),
        "collections": collections_of(principal.organization_id),
        "may_write": "write" in principal.scopes,
    }
    return render(request, "studio/home.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@member_required
def add_app(request: HttpRequest, principal: Principal) -> HttpResponse:
    principal.require("write")
    collections = collections_of(principal.organization_id)
    chosen = [collections[0].id] if len(collections) == 1 else []
    form = AppForm(collections, request.POST or None, chosen=chosen)
    if request.method == "POST" and form.is_valid():
        try:
            app = create_app(principal=principal, **form.cleaned_data)
        except DomainError as error:
            add_domain_errors(form, error)
        else:
            return redirect("runs:chat", app.id)
    context = {"form": form, "has_collections": bool(collections)}
    return render(request, "studio/app_form.html", context)


@require_safe
@member_required
def show_app(request: HttpRequest, principal: Principal, app_id: str) -> HttpResponse:
    """What the app is made of, and what of it is public."""
    app = App.objects.get_within(principal.organization_id, app_id)
    context = {
        "app": app,
        "collections": app.collections.order_by("name"),
        "stages": from_stored(app.draft_pipeline),
        "versions": queries.versions_of(app),
        "may_write": "write" in principal.scopes,
        "model": f"{principal.organization_slug}/{app.slug}",
    }
    return render(request, "studio/app_detail.html", context)


@require_POST
@member_required
def publish_app(request: HttpRequest, principal: Principal, app_id: str) -> HttpResponse:
    """The draft as it is becomes the next version, and that is what people ask."""
    version = freeze_version(principal=principal, app_id=app_id)
    publish_version(principal=principal, app_id=app_id, number=version.number)
    messages.success(request, _("Version %(number)d is published.") % {"number": version.number})
    return redirect("studio:app-detail", app_id)


@require_http_methods(["GET", "HEAD", "POST"])
@member_required
def delete_app(request: HttpRequest, principal: Principal, app_id: str) -> HttpResponse:
    principal.require("write")
    app = App.objects.get_within(principal.organization_id, app_id)
    is_confirmed = request.POST.get("name", "").strip() == app.name
    if request.method == "POST" and is_confirmed:
        remove_app(principal=principal, app_id=app_id)
        messages.success(request, _("“%(name)s” is deleted.") % {"name": app.name})
        return redirect("studio:home")
    context = {
        "what": _("Delete the app"),
        "name": app.name,
        "consequence": _(
            "The app goes with its versions and all answers it has given. "
            "Its collections and documents stay."
        ),
        "cancel_url": reverse("studio:app-detail", args=[app.id]),
        "failed": request.method == "POST",
    }
    return render(request, "web/confirm.html", context)
