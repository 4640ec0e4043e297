"""A pipeline as it is stored, and as it is after every plugin in it was found and configured.

The order of work is the one of :mod:`altiplano_sdk.pipelines`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import altiplano_sdk as sdk
from altiplano_sdk.pipelines import order_problem
from altiplano_worker.runtime.loader import PluginRegistry


class PipelineError(sdk.PermanentError):
    """The stages do not make a pipeline that can answer."""

    code = "pipeline_invalid"


@dataclass(frozen=True, slots=True)
class StageSpec:
    """One stage as an owner configured it.

    ``may_send_with_passages`` lets a tool that sends something out do so although the prompt holds
    passages, or what other tools brought.
    """

    kind: sdk.StageKind
    plugin: str
    config: Mapping[str, Any] = field(default_factory=dict)
    may_send_with_passages: bool = False


@dataclass(frozen=True, slots=True)
class PipelineSpec:
    """A frozen pipeline. What is not a stage holds where the generator's configuration is silent."""

    stages: tuple[StageSpec, ...]
    answer_tokens: int = 256
    temperature: float = 0.0
    top_p: float | None = None
    seed: int | None = None
    stop: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PlannedStage:
    """``position`` counts from 0 in the stored pipeline; ``plugin`` is configured and ready."""

    position: int
    kind: sdk.StageKind
    plugin_id: str
    grants: sdk.Grants
    plugin: Any
    may_send_with_passages: bool = False


@dataclass(frozen=True, slots=True)
class Plan:
    """Stages by the part they play."""

    prompt: PlannedStage
    generator: PlannedStage
    query: PlannedStage | None = None
    retriever: PlannedStage | None = None
    rerankers: tuple[PlannedStage, ...] = ()
    guards: tuple[PlannedStage, ...] = ()
    tools: tuple[PlannedStage, ...] = ()

    def guards_at(self, point: sdk.GuardPoint) -> tuple[PlannedStage, ...]:
        """The guards that want to be asked at ``point``, in pipeline order."""
        return tuple(guard for guard in self.guards if point in guard.plugin.points)


def plan_pipeline(pipeline: PipelineSpec, *, registry: PluginRegistry) -> Plan:
    """A plan whose plugins all exist, are configured, and stand in an order that makes sense.

    Raises a PermanentError whose message tells the owner what to change: PipelineError,
    UnknownPluginError or PluginConfigError.
    """
    problem = order_problem([stage.kind for stage in pipeline.stages])
    if problem is not None:
        raise PipelineError(problem)
    planned = [
        plan_stage(position, stage, registry)
        for position, stage in enumerate(pipeline.stages)
        if stage.kind is not sdk.StageKind.EVALUATOR  # whose work begins when the answer is sent
    ]
    by_kind = {
        kind: tuple(stage for stage in planned if stage.kind is kind) for kind in sdk.StageKind
    }
    return Plan(
        prompt=by_kind[sdk.StageKind.PROMPT][0],
        generator=by_kind[sdk.StageKind.GENERATOR][0],
        query=next(iter(by_kind[sdk.StageKind.QUERY]), None),
        retriever=next(iter(by_kind[sdk.StageKind.RETRIEVER]), None),
        rerankers=by_kind[sdk.StageKind.RERANKER],
        guards=by_kind[sdk.StageKind.GUARD],
        tools=by_kind[sdk.StageKind.TOOL],
    )


async def prepare_plan(plan: Plan) -> None:
    """Every stage that runs elsewhere is ready, and what it says of itself is known."""
    stages = (
        plan.query,
        plan.retriever,
        *plan.rerankers,
        *plan.guards,
        plan.prompt,
        *plan.tools,
        plan.generator,
    )
    for stage in stages:
        prepare = getattr(stage.plugin, "prepare", None) if stage is not None else None
        if prepare is not None:
            await prepare()


def plan_stage(position: int, stage: StageSpec, registry: PluginRegistry) -> PlannedStage:
    """The stage with its plugin. Raises UnknownPluginError or PluginConfigError."""
    loaded = registry.get(stage.kind, stage.plugin)
    return PlannedStage(
        position=position,
        kind=stage.kind,
        plugin_id=stage.plugin,
        grants=loaded.manifest.grants,
        plugin=loaded.create(stage.config),
        may_send_with_passages=stage.may_send_with_passages,
    )
