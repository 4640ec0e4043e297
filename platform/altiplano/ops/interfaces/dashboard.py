"""What unfold asks for its frame: styles, scripts, the menu at the side."""

from typing import Any

from django.http import HttpRequest
from django.templatetags.static import static
from django.urls import reverse
from django.utils.translation import gettext as _

from altiplano.accounts.models import User


def style_url(_request: HttpRequest) -> str:
    return static("ops/admin.css")


def icon_url(_request: HttpRequest) -> str:
    return static("web/mark.svg")


def script_url(_request: HttpRequest) -> str:
    return static("ops/admin.js")


def navigation(request: HttpRequest) -> list[dict[str, Any]]:
    """The menu: what an operator looks for first, then every area."""
    return [
        {
            "items": [
                _link(_("Overview"), "monitor_heart", "admin:index"),
                _page(request, _("Jobs"), "pending_actions", "kernel", "job"),
                _page(request, _("Audit log"), "history", "accounts", "auditevent"),
                _page(request, _("Notices"), "campaign", "ops", "maintenancenotice"),
            ]
        },
        {
            "title": _("People"),
            "separator": True,
            "items": [
                _page(request, _("People"), "person", "accounts", "user"),
                _page(request, _("Organizations"), "domain", "accounts", "organization"),
                _page(request, _("Memberships"), "group", "accounts", "membership"),
                _page(request, _("Limits"), "speed", "kernel", "organizationlimits"),
                _page(request, _("API keys"), "key", "accounts", "apitoken"),
            ],
        },
        {
            "title": _("Content"),
            "separator": True,
            "items": [
                _page(request, _("Collections"), "folder", "knowledge", "collection"),
                _page(request, _("Documents"), "description", "knowledge", "document"),
                _page(request, _("Document versions"), "file_copy", "knowledge", "documentversion"),
                _page(request, _("Apps"), "apps", "studio", "app"),
            ],
        },
        {
            "title": _("Answers"),
            "separator": True,
            "items": [
                _page(request, _("Runs"), "forum", "runs", "run"),
                _page(request, _("Feedback"), "thumbs_up_down", "runs", "feedback"),
                _page(request, _("Reports"), "flag", "runs", "report"),
                _page(request, _("Usage"), "bar_chart", "runs", "dailyusage"),
                _page(request, _("Model endpoints"), "memory", "serving", "modelendpoint"),
                _page(request, _("Tool servers"), "construction", "serving", "toolserver"),
                _page(request, _("Plugins"), "extension", "catalog", "pluginrelease"),
            ],
        },
        {
            "title": _("Challenges"),
            "separator": True,
            "items": [
                _page(request, _("Challenges"), "flag_circle", "challenges", "challenge"),
                _page(request, _("Editions"), "event", "challenges", "edition"),
                _page(request, _("Extensions"), "more_time", "challenges", "extension"),
                _page(request, _("Held-out questions"), "quiz", "challenges", "heldoutquestion"),
            ],
        },
        {
            "separator": True,
            "items": [_link(_("Every table"), "table_view", "admin:everything")],
        },
    ]


def _link(title: str, icon: str, name: str) -> dict[str, Any]:
    return {"title": title, "icon": icon, "link": reverse(name)}


def _page(request: HttpRequest, title: str, icon: str, area: str, model: str) -> dict[str, Any]:
    user = request.user
    is_allowed = isinstance(user, User) and user.has_perm(f"{area}.view_{model}")
    link = _link(title, icon, f"admin:{area}_{model}_changelist")
    return {**link, "permission": lambda _request: is_allowed}
