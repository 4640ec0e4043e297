"""The pipeline of an app as data: what an owner writes, checked before it is stored."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, NoReturn

from django.utils.translation import gettext as _

from altiplano.catalog.config_problems import worst_problem
from altiplano.catalog.queries import ReleaseKey, UsableRelease
from altiplano.kernel.errors import InvalidInputError
from altiplano.kernel.reasons import in_my_language
from altiplano.kernel.sentences import Figure
from altiplano_sdk import StageKind
from altiplano_sdk.pipelines import order_problem

MAX_PIPELINE_CHARS = 100_000
KINDS = frozenset(kind.value for kind in StageKind)


@dataclass(frozen=True, slots=True)
class Stage:
    """One configured step, carried out by the plugin of this kind and id.

    ``may_send_with_passages`` is the owner's word that this tool may send something out although the
    prompt holds passages, whose authors could make a model send them.
    """

    kind: str
    plugin: str
    config: Mapping[str, Any] = field(default_factory=dict)
    may_send_with_passages: bool = False


def to_stored(stages: Sequence[Stage]) -> dict[str, Any]:
    """The form in which drafts and versions keep a pipeline."""
    return {"stages": [_stored_stage(stage) for stage in stages]}


def _stored_stage(stage: Stage) -> dict[str, Any]:
    """What is not said is not stored, so that older pipelines stay what they were."""
    stored = asdict(stage)
    if not stage.may_send_with_passages:
        del stored["may_send_with_passages"]
    return stored


def from_stored(pipeline: Mapping[str, Any]) -> tuple[Stage, ...]:
    return tuple(
        Stage(
            stage["kind"],
            stage["plugin"],
            stage["config"],
            may_send_with_passages=stage.get("may_send_with_passages", False),
        )
        for stage in pipeline["stages"]
    )


def needs_documents(stages: Sequence[Stage]) -> bool:
    return any(stage.kind == StageKind.RETRIEVER for stage in stages)


def check_pipeline(
    stages: Sequence[Stage], *, releases: Mapping[ReleaseKey, UsableRelease] | None
) -> None:
    """Return when the workers can run these stages.

    ``releases`` is None while no worker has reported yet; then only kinds and order are judged, and
    the run itself says what is missing. Raises InvalidInputError whose sentence names the stage,
    and whose fields are keyed like ``pipeline.2.config.k``.
    """
    if len(json.dumps(to_stored(stages))) > MAX_PIPELINE_CHARS:
        _refuse(
            _("The pipeline is too long."),
            "pipeline",
            _("at most %(limit)s characters") % {"limit": Figure(MAX_PIPELINE_CHARS)},
        )
    for position, stage in enumerate(stages):
        if stage.kind not in KINDS:
            _refuse(
                _("Stage %(stage)s: there is no kind of stage called “%(kind)s”.")
                % {"stage": position + 1, "kind": stage.kind[:40]},
                f"pipeline.{position}.kind",
                _("one of %(values)s") % {"values": ", ".join(sorted(KINDS))},
            )
    problem = order_problem([StageKind(stage.kind) for stage in stages])
    if problem is not None:
        _refuse(
            in_my_language(problem), "pipeline", _("the stages do not make a pipeline that answers")
        )
    for position, stage in enumerate(stages):
        if stage.may_send_with_passages and stage.kind != StageKind.TOOL:
            _refuse(
                _("Stage %(stage)s: only a tool can be allowed to send something out.")
                % {"stage": position + 1},
                f"pipeline.{position}.may_send_with_passages",
                _("for tools only"),
            )
    if releases is not None:
        for position, stage in enumerate(stages):
            _check_stage(position, stage, releases)


def _check_stage(position: int, stage: Stage, releases: Mapping[ReleaseKey, UsableRelease]) -> None:
    release = releases.get((stage.kind, stage.plugin))
    if release is None:
        _refuse(
            _("Stage %(stage)s: there is no %(kind)s plugin called “%(plugin)s”.")
            % {"stage": position + 1, "kind": stage.kind, "plugin": stage.plugin[:64]},
            f"pipeline.{position}.plugin",
            _("unknown plugin"),
        )
    problem = worst_problem(release.config_schema, stage.config)
    if problem is not None:
        where, reason = problem
        name = ".".join(filter(None, (f"pipeline.{position}.config", where)))
        _refuse(
            _("Stage %(stage)s (%(kind)s “%(plugin)s”)%(option)s: %(reason)s.")
            % {
                "stage": position + 1,
                "kind": stage.kind,
                "plugin": stage.plugin,
                "option": f", {where}" if where else "",
                "reason": reason,
            },
            name,
            reason,
        )


def _refuse(sentence: str, name: str, reason: str) -> NoReturn:
    raise InvalidInputError(sentence, code="pipeline_invalid", fields={name: reason})
