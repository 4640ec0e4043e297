"""Pipelines with tools for tests of the runner, and models that wish calls."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import altiplano_sdk as sdk
from altiplano_worker.runtime.loader import LoadedPlugin, PluginRegistry
from altiplano_worker.runtime.outcome import (
    Decision,
    RunInput,
    RunLimits,
    RunOutcome,
    terminal_event,
)
from altiplano_worker.runtime.pipeline import PipelineSpec, StageSpec
from altiplano_worker.runtime.runner import execute_pipeline
from tests.unit.runtime.stages import LOG, Bench, NoConfig

NUMBER = {
    "type": "object",
    "properties": {"n": {"type": "integer", "minimum": 0, "description": "A number."}},
    "required": ["n"],
    "additionalProperties": False,
}


@dataclass
class FakeTool:
    """Counts its calls and answers by ``function``."""

    name: str
    function: Callable[..., Any]
    parameters: Any = field(default_factory=lambda: NUMBER)
    description: str = "Doubles a number."
    effect: Any = sdk.ToolEffect.READ
    irreversible: bool = False
    may_send: bool = False
    calls: list[dict[str, Any]] = field(default_factory=list)

    async def call(self, arguments: Mapping[str, Any], ctx: sdk.Context) -> Any:
        self.calls.append(dict(arguments))
        return self.function(arguments)


def doubling(name: str = "double", **changes: Any) -> FakeTool:
    return FakeTool(name, lambda arguments: sdk.ToolResult(str(2 * arguments["n"])), **changes)


class ToolBench(Bench):
    """A bench whose tools stand before the generator."""

    def __init__(self) -> None:
        super().__init__()
        self.tools: list[tuple[FakeTool, sdk.Grants]] = []

    def add_tool(self, tool: FakeTool, **grants: Any) -> ToolBench:
        self.tools.append((tool, sdk.Grants(**grants)))
        return self

    def registry(self) -> PluginRegistry:
        plugins = dict(super().registry().plugins)
        for position, (tool, grants) in enumerate(self.tools):
            manifest = sdk.Manifest(
                id=f"tool-{position}",
                version="1.0.0",
                kind=sdk.StageKind.TOOL,
                title="A tool",
                summary="A tool.",
                grants=grants,
            )
            plugins[sdk.StageKind.TOOL, manifest.id] = LoadedPlugin(
                manifest, lambda _, t=tool: t, NoConfig
            )
        return PluginRegistry(plugins)

    async def ask(
        self,
        *,
        rights: frozenset[str] = frozenset({"run", "write"}),
        decision: Decision | None = None,
        context_tokens: int | None = None,
        **pipeline: Any,
    ) -> RunOutcome:
        specs = [
            StageSpec(kind, f"stage-{position}") for position, (kind, *_) in enumerate(self.stages)
        ]
        place = next(i for i, spec in enumerate(specs) if spec.kind is sdk.StageKind.GENERATOR)
        specs[place:place] = [
            StageSpec(sdk.StageKind.TOOL, f"tool-{n}", may_send_with_passages=tool.may_send)
            for n, (tool, _) in enumerate(self.tools)
        ]
        context = sdk.Context(log=LOG)
        if context_tokens is not None:
            context = replace(context, llm=Room(context_tokens))
        outcome = await execute_pipeline(
            PipelineSpec(tuple(specs), **pipeline),
            RunInput("run-1", sdk.Query("How much?", language="en"), rights, decision),
            registry=self.registry(),
            context=context,
            emit=self.events.append,
            limits=RunLimits(),
        )
        self.events.append(terminal_event(outcome))
        return outcome


@dataclass
class Room:
    """A model endpoint of which nothing is used but how much it holds."""

    context_tokens: int

    def stream(self, request: sdk.GenerationRequest) -> Any:
        raise AssertionError("the test's own generator speaks")


def wish(name: str = "double", arguments: Any = None, *, id: str = "c1") -> sdk.ToolCall:  # noqa: A002
    text = arguments if isinstance(arguments, str) else json.dumps(arguments or {"n": 3})
    return sdk.ToolCall(id, name, text)


class Model:
    """Says ``turns`` one after the other: texts and wishes. Keeps what it was asked."""

    def __init__(self, *turns: str | sdk.ToolCall | tuple[str | sdk.ToolCall, ...]) -> None:
        self._turns = [turn if isinstance(turn, tuple) else (turn,) for turn in turns]
        self.requests: list[sdk.GenerationRequest] = []

    async def __call__(self, request: sdk.GenerationRequest, _: sdk.Context) -> Any:
        self.requests.append(request)
        turn = self._turns[min(len(self.requests), len(self._turns)) - 1]
        for part in turn:
            yield sdk.TextDelta(part) if isinstance(part, str) else part
        yield sdk.GenerationDone("stop", sdk.Usage(1, 1))

    def told(self) -> list[str]:
        """What the tools' answers were, as the model read them last."""
        return [each.content for each in self.requests[-1].messages if each.role == "tool"]
