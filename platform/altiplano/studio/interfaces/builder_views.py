"""The page on which an app is built: stages, their settings, and what the app answers from.

Every form of it names the revision of the draft that it was made from. When somebody else was
faster, nothing is stored: the page says what they changed, keeps what was typed, and lets it be
stored over theirs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from http import HTTPStatus
from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from altiplano.accounts.interfaces.auth import member_required
from altiplano.accounts.principal import Principal
from altiplano.catalog.config_fields import PREFIX
from altiplano.catalog.queries import UsableRelease
from altiplano.catalog.typed_config import read_config, with_default
from altiplano.kernel.errors import ConflictError, DomainError, InvalidInputError, NotFoundError
from altiplano.studio.domain.apps import AppChanges, change_app
from altiplano.studio.domain.versions import undo_change
from altiplano.studio.interfaces.builder_page import Attempt, build_page, where_now
from altiplano.studio.models import App
from altiplano.studio.pipelines import Stage, from_stored
from altiplano.studio.plugins import releases_for_draft
from altiplano.studio.stage_edits import (
    exchange_plugin,
    inserted_stage,
    moved_stage,
    place_for,
    with_stage,
    without_stage,
)
from altiplano.studio.trial import trial_for


@require_safe
@member_required
def show_builder(request: HttpRequest, principal: Principal, app_id: str) -> HttpResponse:
    """The draft's stages, one of them opened, and the trial beside them."""
    principal.require("write")
    app = App.objects.get_within(principal.organization_id, app_id)
    return _render(request, principal, app, position=_number(request.GET.get("stage")) or 0)


@dataclass(frozen=True, slots=True)
class StagePost:
    """A sent form of a stage. ``position`` None puts a stage back that was removed meanwhile."""

    revision: int
    position: int | None
    stage: Stage
    typed: dict[str, str]


@require_POST
@member_required
def change_stage(request: HttpRequest, principal: Principal, app_id: str) -> HttpResponse:
    """The settings of one stage are stored in the draft; with ``reset`` one has its default again."""
    principal.require("write")
    app = App.objects.get_within(principal.organization_id, app_id)
    post = _read_stage_post(request)
    try:
        release = release_of(app, post.stage)
    except InvalidInputError as error:
        here = where_now(app, post.revision, post.position or 0, post.stage)
        attempt = Attempt(error.message, stage=post.stage, position=here, typed=post.typed)
        return _render(request, principal, app, attempt=attempt, status=error.status)
    typed = post.typed
    if reset := request.POST.get("reset"):
        typed = with_default(release.config_schema, typed, reset)
    said = read_config(release.config_schema, typed)
    stage = replace(post.stage, config=said.config)
    stages = from_stored(app.draft_pipeline)
    here = (
        None if post.position is None else where_now(app, post.revision, post.position, post.stage)
    )
    if here is not None and not said.problems and stages[here] == stage:
        return _to_builder(request, app, here)  # sent twice, or stored by somebody else already
    attempt = Attempt(stage=stage, position=here, typed=typed, problems=said.problems)
    if post.revision != app.draft_revision:
        return _show_conflict(request, principal, app, attempt, seen=post.revision)
    if said.problems:
        return _render(request, principal, app, attempt=attempt, status=InvalidInputError.status)
    changed = inserted_stage(stages, stage) if here is None else with_stage(stages, here, stage)
    position = place_for(stages, stage.kind) if here is None else here
    return _store(
        request,
        principal,
        app,
        AppChanges(stages=changed, revision=post.revision),
        position,
        attempt,
    )


@require_POST
@member_required
def arrange_stages(request: HttpRequest, principal: Principal, app_id: str) -> HttpResponse:
    """A stage is added, removed, moved, or gets another plugin (``do``)."""
    principal.require("write")
    app = App.objects.get_within(principal.organization_id, app_id)
    revision = _number(request.POST.get("revision")) or 0
    stages = from_stored(app.draft_pipeline)
    at = _number(request.POST.get("position")) or 0
    if revision != app.draft_revision:
        return _show_conflict(request, principal, app, Attempt(), seen=revision, position=at)
    try:
        changed, position, dropped = _arranged(app, request.POST, stages, at)
    except DomainError as error:
        told = Attempt(sentence=error.message)
        return _render(request, principal, app, attempt=told, position=at, status=error.status)
    changes = AppChanges(stages=changed, revision=revision)
    response = _store(request, principal, app, changes, position, Attempt(), back_to=at)
    if dropped and response.status_code == HTTPStatus.FOUND:
        sentence = _("The new plugin does not know these settings, so they are gone: %(names)s.")
        messages.warning(request, sentence % {"names": ", ".join(dropped)})
    return response


def _arranged(
    app: App, data: QueryDict, stages: Sequence[Stage], position: int
) -> tuple[Sequence[Stage], int, tuple[str, ...]]:
    """The stages after what was wished, the one to open then, and settings that were dropped.

    Raises InvalidInputError, and NotFoundError for a stage that is not there.
    """
    wish = data.get("do")
    if wish == "add":
        kind, _colon, plugin = data.get("plugin", "").partition(":")
        new = Stage(kind, plugin)
        release_of(app, new)
        return inserted_stage(stages, new), place_for(stages, kind), ()
    if position >= len(stages):
        raise NotFoundError(_("This stage is not there any more."))
    if wish == "remove":
        return without_stage(stages, position), max(0, position - 1), ()
    if wish == "move":
        to = min(_number(data.get("to")) or 0, len(stages) - 1)
        return moved_stage(stages, position, to), to, ()
    if wish == "exchange":
        plugin = data.get("plugin", "")
        release = release_of(app, Stage(stages[position].kind, plugin))
        exchange = exchange_plugin(stages[position], plugin, release.config_schema)
        return with_stage(stages, position, exchange.stage), position, exchange.dropped
    raise InvalidInputError(_("Choose what is to be done with the stage."))


@require_POST
@member_required
def change_sources(request: HttpRequest, principal: Principal, app_id: str) -> HttpResponse:
    """The draft answers from these collections, and with this model."""
    principal.require("write")
    app = App.objects.get_within(principal.organization_id, app_id)
    revision = _number(request.POST.get("revision")) or 0
    position = _number(request.POST.get("position")) or 0
    collections = request.POST.getlist("collections")
    endpoint = request.POST.get("endpoint", "")
    attempt = Attempt(collections=collections, endpoint=endpoint)
    if revision != app.draft_revision:
        return _show_conflict(request, principal, app, attempt, seen=revision, position=position)
    changes = AppChanges(collections=collections, endpoint=endpoint or None, revision=revision)
    return _store(request, principal, app, changes, position, attempt)


@require_POST
@member_required
def undo_last_change(request: HttpRequest, principal: Principal, app_id: str) -> HttpResponse:
    """The draft is what it was before its last change; doing it again brings the change back."""
    principal.require("write")
    app = App.objects.get_within(principal.organization_id, app_id)
    revision = _number(request.POST.get("revision")) or 0
    position = _number(request.POST.get("position")) or 0
    try:
        undo_change(principal=principal, app_id=app_id, revision=revision)
    except ConflictError as error:
        if error.code == "draft_changed":
            return _show_conflict(
                request, principal, app, Attempt(), seen=revision, position=position
            )
        attempt = Attempt(sentence=error.message)
        return _render(
            request, principal, app, attempt=attempt, position=position, status=error.status
        )
    messages.success(request, _("The last change is undone."))
    return _to_builder(request, app, position)


# --- What all of them do --------------------------------------------------------------------------


def _store(
    request: HttpRequest,
    principal: Principal,
    app: App,
    changes: AppChanges,
    position: int,
    attempt: Attempt,
    *,
    back_to: int | None = None,
) -> HttpResponse:
    """The changed draft is stored and shown; or, with the attempt kept, why it is not."""
    try:
        change_app(principal=principal, app_id=app.id, changes=changes)
    except DomainError as error:
        app = App.objects.get_within(principal.organization_id, app.id)
        position = position if back_to is None else back_to
        if error.code == "draft_changed":  # between the look at it and the lock
            seen = changes.revision or 0
            return _show_conflict(request, principal, app, attempt, seen=seen, position=position)
        told = replace(attempt, sentence=error.message)
        return _render(
            request, principal, app, attempt=told, position=position, status=error.status
        )
    messages.success(
        request, _("The draft is saved. The next trial question asks it as it is now.")
    )
    return _to_builder(request, app, position)


def _show_conflict(
    request: HttpRequest,
    principal: Principal,
    app: App,
    attempt: Attempt,
    *,
    seen: int,
    position: int = 0,
) -> HttpResponse:
    told = replace(attempt, seen=seen)
    return _render(request, principal, app, attempt=told, position=position, status=409)


def _render(
    request: HttpRequest,
    principal: Principal,
    app: App,
    *,
    position: int = 0,
    attempt: Attempt | None = None,
    status: int = 200,
) -> HttpResponse:
    run_id = request.POST.get("run") or request.GET.get("run") or ""
    is_part = bool(request.headers.get("HX-Request"))
    context = {
        "app": app,
        "tab": "build",
        "may_write": True,
        "page": build_page(principal, app, position=position, attempt=attempt),
        "is_part": is_part,
        "run_id": run_id,
    }
    if is_part:
        response = render(request, "studio/_editor.html", context, status=status)
        response["X-Editor"] = "part"  # tells the script that this is no page, such as the sign-in
        return response
    if trial := trial_for(principal, app, run_id):
        context |= {**trial.context, "trial": trial, "run_id": str(trial.run_id or "")}
    return render(request, "studio/builder.html", context, status=status)


def _to_builder(request: HttpRequest, app: App, position: int) -> HttpResponseRedirect:
    query = {"stage": str(position)}
    if run_id := request.POST.get("run"):
        query["run"] = run_id
    return redirect(f"{reverse('studio:build', args=[app.id])}?{urlencode(query)}")


def _read_stage_post(request: HttpRequest) -> StagePost:
    data = request.POST
    return StagePost(
        revision=_number(data.get("revision")) or 0,
        position=_number(data.get("position")),
        stage=Stage(
            data.get("kind", ""),
            data.get("plugin", ""),
            may_send_with_passages=data.get("may_send_with_passages") == "on",
        ),
        typed={name: str(text) for name, text in data.items() if name.startswith(PREFIX)},
    )


def release_of(app: App, stage: Stage) -> UsableRelease:
    """Raises InvalidInputError for a plugin that the app's draft may not name."""
    release = (releases_for_draft(app) or {}).get((stage.kind, stage.plugin))
    if release is None:
        raise InvalidInputError(_("This plugin is not installed any more; choose another one."))
    return release


def _number(raw: str | None) -> int | None:
    """A number of a form; None for what is none."""
    if not raw or not raw.isdecimal() or len(raw) > 9:
        return None
    return int(raw)
