"""What an owner does to the stages of a pipeline. Every function gives new stages back.

Nothing here asks whether the result can answer; :func:`check_pipeline` does, when it is stored.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from django.utils.translation import gettext_lazy as _

from altiplano.catalog.config_problems import accepts
from altiplano.studio.pipelines import Stage
from altiplano_sdk import StageKind
from altiplano_sdk.pipelines import ORDER, order_problem

if TYPE_CHECKING:
    from django_stubs_ext import StrPromise

KIND_NAMES: Final[Mapping[str, StrPromise]] = {
    StageKind.GUARD: _("Guard"),
    StageKind.QUERY: _("Query"),
    StageKind.RETRIEVER: _("Retrieve"),
    StageKind.RERANKER: _("Rerank"),
    StageKind.PROMPT: _("Prompt"),
    StageKind.TOOL: _("Tool"),
    StageKind.GENERATOR: _("Generate"),
    StageKind.EVALUATOR: _("Evaluate"),
}
"""The kinds of stages that a pipeline may have, in a word, in the order of a menu."""


@dataclass(frozen=True, slots=True)
class Exchange:
    """A stage whose plugin was exchanged, and the settings that the new plugin does not take."""

    stage: Stage
    dropped: tuple[str, ...]


def with_stage(stages: Sequence[Stage], position: int, stage: Stage) -> tuple[Stage, ...]:
    """``stage`` stands at ``position`` instead of what stood there."""
    return (*stages[:position], stage, *stages[position + 1 :])


def without_stage(stages: Sequence[Stage], position: int) -> tuple[Stage, ...]:
    return (*stages[:position], *stages[position + 1 :])


def moved_stage(stages: Sequence[Stage], position: int, to: int) -> tuple[Stage, ...]:
    """The stage at ``position`` stands at ``to``; the others close up."""
    rest = without_stage(stages, position)
    return (*rest[:to], stages[position], *rest[to:])


def place_for(stages: Sequence[Stage], kind: str) -> int:
    """Where a new stage of this kind belongs: an evaluator at the end, a guard at the end of those that
    answer, any other behind the stages that work before it."""
    if kind == StageKind.EVALUATOR:
        return len(stages)
    if kind not in ORDER:
        evaluators = [
            place for place, stage in enumerate(stages) if stage.kind == StageKind.EVALUATOR
        ]
        return min(evaluators, default=len(stages))
    rank = ORDER.index(StageKind(kind))
    earlier = [
        place
        for place, stage in enumerate(stages)
        if stage.kind in ORDER and ORDER.index(StageKind(stage.kind)) <= rank
    ]
    return max(earlier, default=-1) + 1


def inserted_stage(stages: Sequence[Stage], stage: Stage) -> tuple[Stage, ...]:
    place = place_for(stages, stage.kind)
    return (*stages[:place], stage, *stages[place:])


def is_in_order(stages: Sequence[Stage]) -> bool:
    """Whether stages of these kinds, in this order, make a pipeline that answers."""
    return order_problem([StageKind(stage.kind) for stage in stages]) is None


def exchange_plugin(stage: Stage, plugin: str, schema: Mapping[str, Any]) -> Exchange:
    """The stage with another plugin, keeping the settings that fit the new plugin's ``schema``."""
    kept, dropped = {}, []
    properties = schema.get("properties", {})
    for name, value in stage.config.items():
        if name in properties and accepts({**schema, "required": []}, {name: value}):
            kept[name] = value
        else:
            dropped.append(name)
    # Whoever allowed one tool to send things out did not allow another to.
    return Exchange(Stage(stage.kind, plugin, kept), tuple(dropped))


def same_stage(stages: Sequence[Stage], was: Sequence[Stage], position: int) -> int | None:
    """Where in ``stages`` that stage stands now which stood at ``position`` of ``was``.

    Stages have no names: one is taken for the same when as many of its kind and plugin stand before it.
    None when there is no such stage any more.
    """

    def key(stage: Stage) -> tuple[str, str]:
        return (stage.kind, stage.plugin)

    wanted = key(was[position])
    nth = [key(stage) for stage in was[:position]].count(wanted)
    places = [place for place, stage in enumerate(stages) if key(stage) == wanted]
    return places[nth] if nth < len(places) else None
