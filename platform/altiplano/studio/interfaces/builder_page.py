"""What the page of the builder shows: the row of stages, the form of one, and what may be added."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from altiplano.accounts.principal import Principal
from altiplano.catalog.config_fields import PREFIX, Field, draw_fields
from altiplano.catalog.config_problems import config_problems
from altiplano.catalog.queries import UsableRelease
from altiplano.kernel.reasons import in_my_language
from altiplano.knowledge.models import Collection
from altiplano.serving.queries import endpoints_usable_by
from altiplano.studio.differences import AppState, Releases, compare, plugin_title
from altiplano.studio.interfaces.comparison import Comparison, name_differences, state_of
from altiplano.studio.models import App, DraftRevision
from altiplano.studio.pipelines import Stage, from_stored
from altiplano.studio.plugins import releases_for_draft
from altiplano.studio.queries import revision_of
from altiplano.studio.stage_edits import (
    KIND_NAMES,
    inserted_stage,
    is_in_order,
    moved_stage,
    same_stage,
    without_stage,
)
from altiplano_sdk import StageKind


@dataclass(frozen=True, slots=True)
class Attempt:
    """What a form wanted and did not get. The page shows it again, with nothing typed lost.

    ``seen`` is the revision that the form was made from, where the draft has changed since. ``stage``
    is what was typed into, and ``position`` where it stands now; None when it is gone.
    """

    sentence: str = ""
    seen: int | None = None
    stage: Stage | None = None
    position: int | None = None
    typed: Mapping[str, str] | None = None
    problems: Mapping[str, str] = field(default_factory=dict)
    collections: Sequence[str] | None = None
    endpoint: str | None = None


@dataclass(frozen=True, slots=True)
class StageCard:
    """A stage in the row."""

    position: int
    kind: str
    title: str
    is_selected: bool
    is_installed: bool


@dataclass(frozen=True, slots=True)
class Option:
    """An entry of a menu."""

    value: str
    title: str
    summary: str = ""
    is_chosen: bool = False


@dataclass(frozen=True, slots=True)
class StageForm:
    """The selected stage. ``position`` None: it was removed by somebody else while one typed.

    ``kept`` are names and texts of what was typed for a plugin that is gone, and its fields with it.
    ``may_send`` is the owner's word about a tool that can send out, and None for every other stage.
    """

    position: int | None
    kind: str
    kind_name: str
    plugin: str
    title: str
    summary: str
    is_installed: bool
    fields: tuple[Field, ...]
    others: tuple[Option, ...] = ()
    earlier: int | None = None
    later: int | None = None
    is_removable: bool = False
    is_tried: bool = False
    kept: tuple[tuple[str, str], ...] = ()
    may_send: bool | None = None

    @property
    def has_problems(self) -> bool:
        return any(each.error or any(c.error for c in each.children) for each in self.fields)


@dataclass(frozen=True, slots=True)
class Conflict:
    """The draft has changed since the form was made. ``who`` is empty for a person who is gone."""

    who: str
    is_oneself: bool
    changed_at: datetime | None
    comparison: Comparison | None


@dataclass(frozen=True, slots=True)
class BuilderPage:
    app: App
    stages: tuple[StageCard, ...]
    form: StageForm | None
    additions: tuple[tuple[str, tuple[Option, ...]], ...]
    collections: tuple[Option, ...]
    endpoints: tuple[Option, ...]
    knows_plugins: bool
    may_undo: bool = False
    sentence: str = ""
    conflict: Conflict | None = None


def build_page(
    principal: Principal, app: App, *, position: int, attempt: Attempt | None = None
) -> BuilderPage:
    """The page with the stage at ``position`` opened, or with the one of the ``attempt``."""
    known = releases_for_draft(app)
    releases = known or {}
    stages = from_stored(app.draft_pipeline)
    attempt = attempt or Attempt()
    is_gone = attempt.stage is not None and attempt.position is None
    selected = attempt.position if attempt.stage is not None else min(position, len(stages) - 1)
    if is_gone and attempt.stage is not None:
        form = _stage_form(attempt.stage, None, stages, releases, attempt)
    else:
        form = _stage_form(stages[selected or 0], selected or 0, stages, releases, attempt)
    state = state_of(app)
    return BuilderPage(
        app=app,
        stages=tuple(
            StageCard(
                place,
                str(KIND_NAMES.get(stage.kind, stage.kind)),
                _title(releases, stage.kind, stage.plugin),
                is_selected=place == selected and not is_gone,
                is_installed=known is None or (stage.kind, stage.plugin) in releases,
            )
            for place, stage in enumerate(stages)
        ),
        form=form,
        additions=_additions(stages, releases),
        collections=_collections(
            app, state.collections if attempt.collections is None else attempt.collections
        ),
        endpoints=_endpoints(app, state.endpoint if attempt.endpoint is None else attempt.endpoint),
        knows_plugins=known is not None,
        may_undo=_may_undo(principal, app),
        sentence=attempt.sentence,
        conflict=_conflict(principal, app, attempt, state, releases),
    )


def where_now(app: App, seen: int, position: int, stage: Stage) -> int | None:
    """Where the stage stands that stood at ``position`` in the revision ``seen`` of the draft."""
    stages = from_stored(app.draft_pipeline)
    if seen != app.draft_revision and (base := revision_of(app, seen)) is not None:
        was = from_stored(base.pipeline)
        return same_stage(stages, was, position) if position < len(was) else None
    same = position < len(stages) and (stages[position].kind, stages[position].plugin)
    return position if same == (stage.kind, stage.plugin) else None


# --- Parts ----------------------------------------------------------------------------------------


def _stage_form(
    stage: Stage,
    position: int | None,
    stages: Sequence[Stage],
    releases: Releases,
    attempt: Attempt,
) -> StageForm:
    release = releases.get((stage.kind, stage.plugin))
    schema: Mapping[str, Any] = release.config_schema if release else {}
    is_tried = attempt.stage is not None and attempt.typed is not None
    form = StageForm(
        position=position,
        kind=stage.kind,
        kind_name=str(KIND_NAMES.get(stage.kind, stage.kind)),
        plugin=stage.plugin,
        title=_title(releases, stage.kind, stage.plugin),
        summary=_summary(release),
        is_installed=release is not None,
        fields=draw_fields(
            schema,
            stage.config,
            typed=attempt.typed if is_tried else None,
            problems=attempt.problems if is_tried else config_problems(schema, stage.config),
        ),
        is_tried=is_tried,
        kept=tuple(
            (name.removeprefix(PREFIX), text)
            for name, text in (attempt.typed or {}).items()
            if text and is_tried and release is None
        ),
        may_send=stage.may_send_with_passages if _asks_about_sending(stage, release) else None,
    )
    if position is None:
        return form
    return replace(
        form,
        others=tuple(
            Option(slug, _title(releases, kind, slug), _summary(each))
            for (kind, slug), each in sorted(releases.items())
            if kind == stage.kind and slug != stage.plugin
        ),
        earlier=_target(stages, position, position - 1),
        later=_target(stages, position, position + 1),
        is_removable=is_in_order(without_stage(stages, position)),
    )


def _target(stages: Sequence[Stage], position: int, to: int) -> int | None:
    is_inside = 0 <= to < len(stages)
    return to if is_inside and is_in_order(moved_stage(stages, position, to)) else None


def _asks_about_sending(stage: Stage, release: UsableRelease | None) -> bool:
    """Whether there is a word to give: not to a tool that can reach nothing, unless it was given.

    Of what is connected by its address no grants are known; its arguments always leave the platform.
    """
    if stage.kind != StageKind.TOOL:
        return False
    grants = release.manifest.get("grants") if release else None
    return stage.may_send_with_passages or grants is None or bool(grants.get("network_hosts"))


def _title(releases: Releases, kind: str, slug: str) -> str:
    """The plugin's name; an author's draft, which nobody has looked at, is marked as one."""
    title = plugin_title(releases, kind, slug)
    release = releases.get((kind, slug))
    return _("%(title)s (draft)") % {"title": title} if release and release.is_draft else title


def _summary(release: UsableRelease | None) -> str:
    return in_my_language(str(release.manifest.get("summary", ""))) if release else ""


def _additions(
    stages: Sequence[Stage], releases: Releases
) -> tuple[tuple[str, tuple[Option, ...]], ...]:
    """What may be added, by kind; only what leaves a pipeline that can answer."""
    groups = (
        (
            str(name),
            tuple(
                Option(f"{kind}:{slug}", _title(releases, kind, slug), _summary(release))
                for (kind, slug), release in sorted(releases.items())
                if kind == wanted and is_in_order(inserted_stage(stages, Stage(kind, slug)))
            ),
        )
        for wanted, name in KIND_NAMES.items()
    )
    return tuple(group for group in groups if group[1])


def _collections(app: App, chosen: Sequence[str]) -> tuple[Option, ...]:
    rows = Collection.objects.within(app.organization_id).order_by("name", "id")
    return tuple(
        Option(str(row.id), row.name, is_chosen=str(row.id) in chosen)
        for row in rows.only("id", "name")
    )


def _endpoints(app: App, chosen: str) -> tuple[Option, ...]:
    """The models that may be chosen; a chosen one that was switched off since stays in sight."""
    rows = list(endpoints_usable_by(app.organization_id))
    default = next((row for row in rows if row.is_default and row.organization_id is None), None)
    title = (
        _("The platform's model: %(name)s") % {"name": default}
        if default
        else _("The platform's model")
    )
    options = [Option("", title, is_chosen=not chosen)]
    options += [Option(str(row.id), str(row), "", str(row.id) == chosen) for row in rows]
    if chosen and not any(option.is_chosen for option in options):
        options.append(Option(chosen, _("a model that is switched off"), is_chosen=True))
    return tuple(options)


def _may_undo(principal: Principal, app: App) -> bool:
    """Whether the last change is the reader's own, and what was before it is remembered."""
    last = DraftRevision.objects.within(app.organization_id).filter(
        app=app, number__in=(app.draft_revision - 1, app.draft_revision)
    )
    by = dict(last.values_list("number", "changed_by_id"))
    return len(by) == 2 and by[app.draft_revision] == principal.user_id


def _conflict(
    principal: Principal, app: App, attempt: Attempt, state: AppState, releases: Releases
) -> Conflict | None:
    if attempt.seen is None:
        return None
    last = revision_of(app, app.draft_revision)
    base = revision_of(app, attempt.seen)
    differences = compare(state_of(base), state, releases) if base else None
    return Conflict(
        who=(last.changed_by.name or last.changed_by.email) if last and last.changed_by else "",
        is_oneself=bool(last and last.changed_by_id == principal.user_id),
        changed_at=last.changed_at if last else None,
        comparison=name_differences(app.organization_id, differences) if differences else None,
    )
