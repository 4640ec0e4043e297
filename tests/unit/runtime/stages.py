"""Small stages for tests of the runner, and a registry that holds them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from pydantic import BaseModel

import altiplano_sdk as sdk
from altiplano_sdk.contracts import Log
from altiplano_sdk.events import RunEvent
from altiplano_sdk.testing.base import SilentLog
from altiplano_worker.runtime.loader import LoadedPlugin, PluginRegistry
from altiplano_worker.runtime.outcome import RunInput, RunLimits, RunOutcome, terminal_event
from altiplano_worker.runtime.pipeline import PipelineSpec, StageSpec
from altiplano_worker.runtime.runner import execute_pipeline

LOG: Log = SilentLog()
SOME_USAGE = sdk.Usage(7, 3)


class NoConfig(BaseModel):
    """Nothing to configure."""


def passage(
    number: int, text: str = "Compost is mature after six months.", **changes: Any
) -> sdk.Passage:
    values: dict[str, Any] = {
        "chunk_id": number,
        "document_id": f"d{number}",
        "document_name": f"document {number}.txt",
        "page": 1,
        "start": 100 * number,
        "end": 100 * number + len(text),
        "text": text,
        "language": "en",
        "score": 1 / number,
    }
    return sdk.Passage(**{**values, **changes})


class Stage:
    """A plugin whose one method is a function given by the test."""

    points: tuple[sdk.GuardPoint, ...] = ()

    def __init__(self, function: Callable[..., Any], points: tuple[sdk.GuardPoint, ...]) -> None:
        self.function = function
        self.points = points

    async def _call(self, *arguments: Any) -> Any:
        result = self.function(*arguments)
        return await result if asyncio.iscoroutine(result) else result

    rewrite = retrieve = rerank = build = check = _call

    def generate(self, request: sdk.GenerationRequest, ctx: sdk.Context) -> Any:
        return self.function(request, ctx)


@dataclass
class Bench:
    """Builds a pipeline out of functions, runs it and keeps what it emitted."""

    stages: list[
        tuple[sdk.StageKind, Callable[..., Any], tuple[sdk.GuardPoint, ...], sdk.Grants]
    ] = field(default_factory=list)
    events: list[RunEvent] = field(default_factory=list)

    def add(
        self,
        kind: str,
        function: Callable[..., Any],
        *points: sdk.GuardPoint,
        **grants: Any,
    ) -> Bench:
        self.stages.append((sdk.StageKind(kind), function, points, sdk.Grants(**grants)))
        return self

    def registry(self) -> PluginRegistry:
        plugins = {}
        for position, (kind, function, points, grants) in enumerate(self.stages):
            manifest = sdk.Manifest(
                id=f"stage-{position}",
                version="1.0.0",
                kind=kind,
                title="A stage",
                summary="A stage.",
                grants=grants,
            )
            plugins[kind, manifest.id] = LoadedPlugin(
                manifest, lambda _, f=function, p=points: Stage(f, p), NoConfig
            )
        return PluginRegistry(plugins)

    async def run(
        self,
        *,
        query: sdk.Query | None = None,
        context: sdk.Context | None = None,
        limits: RunLimits | None = None,
        **pipeline: Any,
    ) -> RunOutcome:
        """The outcome; ``events`` holds the stream with its terminal event."""
        specs = tuple(
            StageSpec(kind, f"stage-{position}") for position, (kind, *_) in enumerate(self.stages)
        )
        outcome = await execute_pipeline(
            PipelineSpec(specs, **pipeline),
            RunInput("run-1", query or sdk.Query("How long does compost take?", language="en")),
            registry=self.registry(),
            context=context or sdk.Context(log=LOG),
            emit=self.events.append,
            limits=limits or RunLimits(),
        )
        self.events.append(terminal_event(outcome))
        return outcome

    def of(self, kind: type[RunEvent]) -> list[Any]:
        return [event for event in self.events if type(event) is kind]


def prompt_all(request: sdk.PromptRequest, _: sdk.Context) -> sdk.PromptResult:
    """A prompt that shows the model everything."""
    messages = (sdk.ChatMessage("user", request.query.text),)
    return sdk.PromptResult(messages, request.passages)


def saying(*texts: str, usage: sdk.Usage | None = SOME_USAGE, reason: str = "stop") -> Any:
    """A generator that streams ``texts``."""

    async def generate(_: sdk.GenerationRequest, __: sdk.Context):
        for text in texts:
            yield sdk.TextDelta(text)
        yield sdk.GenerationDone(reason, usage)

    return generate


def finding(*passages: sdk.Passage) -> Any:
    """A retriever that always finds ``passages``."""
    return lambda query, ctx: passages


def verdict(action: str = "pass", **fields: Any) -> Any:
    """A guard that always says the same."""
    return lambda request, ctx: sdk.GuardVerdict(action, **fields)
