"""The frame of the admin dashboard: who may enter, by which door, under which policy."""

import unicodedata
from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any, cast

from django.apps import apps
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils.module_loading import module_has_submodule
from django.utils.translation import gettext_lazy as _
from unfold.sites import UnfoldAdminSite

from altiplano.ops.interfaces.overview_views import (
    change_queue,
    overview_context,
    show_fresh_part,
)
from altiplano.ops.interfaces.stand_in import ask_for_reason

CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'none'",
        # Alpine, of which unfold's menus and tabs are made, evaluates its attributes; there is no
        # inline script and none from elsewhere.
        "script-src 'self' 'unsafe-eval'",
        "style-src-elem 'self'",
        "style-src-attr 'unsafe-inline'",
        "img-src 'self' data:",
        "font-src 'self'",
        "connect-src 'self'",
        "object-src 'none'",
        "base-uri 'none'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    )
)
ADMIN_MODULE = "interfaces.admin"


class OperatorSite(UnfoldAdminSite):  # type: ignore[misc]  # unfold has no types
    """Staff come in by the portal's own sign-in, second factor included; there is no other door."""

    site_header = "Altiplano"
    site_title = "Altiplano"
    index_title = _("Overview")
    enable_nav_sidebar = True
    index_template = "ops/overview.html"

    def admin_view(self, view: Callable[..., Any], cacheable: bool = False) -> Callable[..., Any]:
        """Django's check of rights, under the dashboard's policy instead of the portal's."""
        guarded = super().admin_view(view, cacheable)

        def admitted(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            if not self.has_permission(request):
                return self.turn_away(request)
            response: HttpResponse = guarded(request, *args, **kwargs)
            response.headers["Content-Security-Policy"] = CONTENT_SECURITY_POLICY
            return response

        return admitted

    def turn_away(self, request: HttpRequest) -> HttpResponse:
        """Strangers go to the portal's sign-in; signed-in people who are no staff may not enter."""
        if request.user.is_authenticated:
            raise PermissionDenied
        return redirect_to_login(request.get_full_path())

    def login(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        if self.has_permission(request):
            return HttpResponseRedirect(reverse("admin:index"))
        if request.user.is_authenticated:
            raise PermissionDenied
        return redirect_to_login(reverse("admin:index"))

    def get_urls(self) -> list[Any]:
        return [
            path("everything/", self.admin_view(self.show_everything), name="everything"),
            path("fresh/", self.admin_view(show_fresh_part), name="fresh"),
            path("queues/<str:queue>/", self.admin_view(self.change_queue), name="queue"),
            path("stand-in/<uuid:person_id>/", self.admin_view(self.stand_in), name="stand_in"),
            *super().get_urls(),
        ]

    def show_everything(self, request: HttpRequest) -> HttpResponse:
        """Every table that the person may see, by area."""
        request.current_app = self.name
        context = {
            **self.each_context(request),
            "title": _("Every table"),
            "app_list": [
                {**area, "models": sorted(area["models"], key=_by_letters)}
                for area in sorted(self.get_app_list(request), key=_by_letters)
            ],
        }
        return TemplateResponse(request, "ops/everything.html", context)

    def index(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> TemplateResponse:
        """The overview: is anything broken, who waits, what is spent, what must be decided."""
        context = {**overview_context(request), **(extra_context or {})}
        return cast("TemplateResponse", super().index(request, context))

    def change_queue(self, request: HttpRequest, queue: str) -> HttpResponse:
        """Pausing, draining and opening; see ``interfaces.overview_views``."""
        return change_queue(request, queue, context=self.each_context(request))

    def stand_in(self, request: HttpRequest, person_id: str) -> HttpResponseBase:
        """Why an operator works in this person's place; see ``interfaces.stand_in``."""
        return ask_for_reason(request, person_id, context=self.each_context(request))

    def password_change(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        """The portal has a page for that."""
        return HttpResponseRedirect(reverse("account_change_password"))

    def password_change_done(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        return HttpResponseRedirect(reverse("admin:index"))

    def each_context(self, request: HttpRequest) -> dict[str, Any]:
        return {**super().each_context(request), "colors": None}  # colours are in ops/admin.css

    def _get_colors(self, key: str, *args: Any) -> dict[str, dict[str, str]]:
        """None: unfold would write them into the page as an inline style."""
        return {}


def _by_letters(listed: Mapping[str, Any]) -> str:
    """Letters with accents stand among the others, as in a dictionary."""
    parts = unicodedata.normalize("NFKD", str(listed["name"]))
    return "".join(part for part in parts if not unicodedata.combining(part)).casefold()


def discover_pages() -> None:
    """Every area's pages are registered, and a plain one for each model that has none.

    Called where the URLs are made, so that workers, who have no pages, never load them.
    """
    for config in apps.get_app_configs():
        if config.name.startswith("altiplano.") and module_has_submodule(
            config.module, "interfaces"
        ):
            interfaces = import_module(f"{config.name}.interfaces")
            if module_has_submodule(interfaces, "admin"):
                import_module(f"{config.name}.{ADMIN_MODULE}")
    from altiplano.ops.interfaces.names import name_everything
    from altiplano.ops.interfaces.plain_pages import register_the_rest

    register_the_rest()
    name_everything()
