"""Versions of an app: what they hold, how they differ, and which of them the public asks."""

from __future__ import annotations

from dataclasses import dataclass

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from altiplano.accounts.interfaces.auth import member_required
from altiplano.accounts.principal import Principal
from altiplano.catalog.queries import installed_releases
from altiplano.kernel.errors import ConflictError, DomainError, NotFoundError
from altiplano.studio import queries
from altiplano.studio.differences import compare
from altiplano.studio.domain import versions
from altiplano.studio.interfaces.comparison import Comparison, name_differences, state_of
from altiplano.studio.models import App, AppVersion
from altiplano.studio.plugins import releases_for_draft

PAGE_SIZE = 25
DRAFT = "draft"


@dataclass(frozen=True, slots=True)
class Side:
    """One side of a comparison. ``version`` None is the draft; ``key`` is how addresses name it."""

    key: str
    title: str
    version: AppVersion | None


@require_safe
@member_required
def list_versions(request: HttpRequest, principal: Principal, app_id: str) -> HttpResponse:
    """Every version with its maker and its moment, the newest first."""
    principal.require("read")
    app = App.objects.get_within(principal.organization_id, app_id)
    found = queries.versions_of(app)
    newest = found.first()
    context = {
        "app": app,
        "tab": "versions",
        "page": Paginator(found, PAGE_SIZE).get_page(request.GET.get("page")),
        "is_ahead": newest is None
        or not queries.draft_equals(app, newest, installed_releases(app.organization_id)),
        "may_write": "write" in principal.scopes,
    }
    return render(request, "studio/versions.html", context)


@require_safe
@member_required
def compare_versions(request: HttpRequest, principal: Principal, app_id: str) -> HttpResponse:
    """What changed from one version, or the draft, to another."""
    principal.require("read")
    app = App.objects.get_within(principal.organization_id, app_id)
    numbers = list(queries.versions_of(app).values_list("number", flat=True)[:200])
    before = _side(app, request.GET.get("from") or _default_base(app, numbers))
    after = _side(app, request.GET.get("to") or DRAFT)
    context = {
        "app": app,
        "tab": "versions",
        "may_write": "write" in principal.scopes,
        "before": before,
        "after": after,
        "sides": [(DRAFT, _("Draft")), *((str(each), _version_name(each)) for each in numbers)],
        "comparison": _compared(app, before, after),
    }
    return render(request, "studio/compare.html", context)


def _default_base(app: App, numbers: list[int]) -> str:
    if app.published_version is not None:
        return str(app.published_version.number)
    return str(numbers[0]) if numbers else DRAFT


@require_POST
@member_required
def freeze_draft(request: HttpRequest, principal: Principal, app_id: str) -> HttpResponse:
    """The draft is kept as a version, without anybody outside asking it."""
    version = versions.freeze_version(
        principal=principal, app_id=app_id, revision=_revision(request)
    )
    messages.success(
        request, _("The draft is kept as version %(number)d.") % {"number": version.number}
    )
    return redirect("studio:versions", app_id)


@require_http_methods(["GET", "HEAD", "POST"])
@member_required
def publish_app(request: HttpRequest, principal: Principal, app_id: str) -> HttpResponse:
    """What publishing changes for the public; a POST publishes the draft or an older version."""
    principal.require("write")
    app = App.objects.get_within(principal.organization_id, app_id)
    side = _side(app, request.GET.get("version") or DRAFT)
    problem = None
    if request.method == "POST":
        try:
            app = _publish(principal, app, side, _revision(request))
        except ConflictError as error:
            problem = error
            app = App.objects.get_within(principal.organization_id, app_id)
        else:
            number = app.published_version.number if app.published_version else 0
            messages.success(request, _("Version %(number)d is published.") % {"number": number})
            return redirect("studio:versions", app_id)
    published = app.published_version
    before = _side(app, str(published.number)) if published else None
    context = {
        "app": app,
        "tab": "versions",
        "may_write": True,
        "side": side,
        "before": before,
        "is_older": bool(published and side.version and side.version.number < published.number),
        "comparison": _compared(app, before, side) if before else None,
        "problem": problem,
    }
    return render(
        request, "studio/publish.html", context, status=problem.status if problem else 200
    )


def _publish(principal: Principal, app: App, side: Side, revision: int | None) -> App:
    if side.version is None:
        return versions.publish_draft(principal=principal, app_id=app.id, revision=revision)
    return versions.publish_version(principal=principal, app_id=app.id, number=side.version.number)


@require_http_methods(["GET", "HEAD", "POST"])
@member_required
def restore_version(
    request: HttpRequest, principal: Principal, app_id: str, number: str
) -> HttpResponse:
    """What taking a version into the draft changes there; a POST does it."""
    principal.require("write")
    app = App.objects.get_within(principal.organization_id, app_id)
    side = _side(app, number)
    if side.version is None:
        raise NotFoundError(_("This app has no such version."))
    problem = None
    if request.method == "POST":
        try:
            versions.restore_version(
                principal=principal,
                app_id=app_id,
                number=side.version.number,
                revision=_revision(request),
            )
        except NotFoundError:
            raise
        except DomainError as error:
            problem = error
            app = App.objects.get_within(principal.organization_id, app_id)
        else:
            messages.success(
                request,
                _("The draft is what version %(number)d is.") % {"number": side.version.number},
            )
            return redirect("studio:build", app_id)
    context = {
        "app": app,
        "tab": "versions",
        "may_write": True,
        "side": side,
        "comparison": _compared(app, _side(app, DRAFT), side),
        "problem": problem,
    }
    return render(
        request, "studio/restore.html", context, status=problem.status if problem else 200
    )


@require_POST
@member_required
def withdraw_app(request: HttpRequest, principal: Principal, app_id: str) -> HttpResponse:
    """Nobody outside can ask the app any more."""
    versions.withdraw_app(principal=principal, app_id=app_id)
    messages.success(request, _("Nothing of this app is published any more. Its versions stay."))
    return redirect("studio:versions", app_id)


def _side(app: App, key: str) -> Side:
    """Raises NotFoundError for a key that names no version of the app."""
    if key == DRAFT:
        return Side(DRAFT, _("Draft"), None)
    number = int(key) if key.isdecimal() and len(key) < 10 else 0
    return Side(key, _version_name(number), queries.version_of(app, number))


def _version_name(number: int) -> str:
    return _("Version %(number)d") % {"number": number}


def _compared(app: App, before: Side, after: Side) -> Comparison:
    differences = compare(
        state_of(before.version or app), state_of(after.version or app), releases_for_draft(app)
    )
    return name_differences(app.organization_id, differences)


def _revision(request: HttpRequest) -> int | None:
    raw = request.POST.get("revision", "")
    return int(raw) if raw.isdecimal() and len(raw) < 10 else None
