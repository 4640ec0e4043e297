"""What an engine must do for the platform, as tests that every engine runs.

A class per engine inherits :class:`EngineContract` and gives it the fixture ``endpoint``.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
import time

import pytest

import altiplano_sdk as sdk
from altiplano_plugins.generator_openai import OpenAIGenerator
from altiplano_plugins.guard_citations import CitationGuard
from altiplano_plugins.prompt_cited import CitedPrompt
from altiplano_sdk.events import AnswerDelta, RunEvent
from altiplano_sdk.testing.base import SilentLog
from altiplano_sdk.testing.prompt_suite import make_passage
from altiplano_sdk.testing.run_stream import assert_valid_run_stream
from altiplano_worker.adapters.engine import ContextOverflowError, EndpointConfig, EngineClient
from altiplano_worker.runtime.context import EndpointLanguageModel
from altiplano_worker.runtime.loader import LoadedPlugin, PluginRegistry
from altiplano_worker.runtime.outcome import RunInput, RunLimits, terminal_event
from altiplano_worker.runtime.pipeline import PipelineSpec, StageSpec
from altiplano_worker.runtime.runner import execute_pipeline

COMPOST = (
    "Keep the heap damp. Compost in a heap is mature after six to twelve months. It smells good.",
    "Water the seedlings in the morning. Beans are sown in May and peas in March.",
)


def asking(text: str, *, max_tokens: int = 16) -> sdk.GenerationRequest:
    return sdk.GenerationRequest((sdk.ChatMessage("user", text),), max_tokens=max_tokens)


async def collect(
    client: EngineClient, endpoint: EndpointConfig, request: sdk.GenerationRequest, **options
) -> tuple[str, sdk.GenerationDone]:
    events = [event async for event in client.stream_chat(endpoint, request, **options)]
    done = events.pop()
    assert isinstance(done, sdk.GenerationDone)
    assert all(isinstance(event, sdk.TextDelta) for event in events)
    return "".join(event.text for event in events), done


class EngineContract:
    """Inherit, and define the fixture ``endpoint``; :meth:`is_idle` where the engine tells."""

    streams = 32

    @pytest.fixture
    def endpoint(self) -> EndpointConfig:
        raise NotImplementedError

    async def is_idle(self, endpoint: EndpointConfig) -> bool:
        """Whether the engine works on nothing: then a short question is answered quickly."""
        started = time.monotonic()
        async with EngineClient() as client:
            await collect(client, endpoint, asking("Hi", max_tokens=1))
        return time.monotonic() - started < 2

    @pytest.mark.asyncio
    async def test_check_finds_the_model(self, endpoint: EndpointConfig) -> None:
        async with EngineClient() as client:
            health = await client.check(endpoint)
        assert health.ok, health
        assert endpoint.model in health.models

    @pytest.mark.asyncio
    async def test_answer_streams_and_ends_with_reason_and_usage(
        self, endpoint: EndpointConfig
    ) -> None:
        async with EngineClient() as client:
            text, done = await collect(client, endpoint, asking("Count to a hundred."))
        assert text.strip()
        assert done.finish_reason in {"length", "stop"}
        assert done.usage is not None
        assert 0 < done.usage.completion_tokens <= 16
        assert done.usage.prompt_tokens > 0

    @pytest.mark.asyncio
    async def test_answer_is_as_short_as_asked(self, endpoint: EndpointConfig) -> None:
        async with EngineClient() as client:
            _, done = await collect(client, endpoint, asking("Count to a hundred.", max_tokens=3))
        assert done.usage is not None
        assert done.usage.completion_tokens <= 3

    @pytest.mark.asyncio
    async def test_same_question_gives_the_same_answer_at_temperature_zero(
        self, endpoint: EndpointConfig
    ) -> None:
        async with EngineClient() as client:
            first, _ = await collect(client, endpoint, asking("Name a tree."))
            second, _ = await collect(client, endpoint, asking("Name a tree."))
        assert first == second

    @pytest.mark.asyncio
    async def test_every_field_that_is_sent_is_accepted(self, endpoint: EndpointConfig) -> None:
        messages = (
            sdk.ChatMessage("system", "Be brief."),
            sdk.ChatMessage("user", "One?"),
            sdk.ChatMessage("assistant", "One."),
            sdk.ChatMessage("user", "Two?"),
        )
        request = sdk.GenerationRequest(
            messages, 8, temperature=0.7, stop=("\n\n",), seed=7, top_p=0.9
        )
        async with EngineClient() as client:
            _, done = await collect(client, endpoint, request, salt="a-tenant")
        assert done.finish_reason in {"length", "stop"}

    @pytest.mark.asyncio
    async def test_prompt_beyond_the_context_is_a_context_overflow(
        self, endpoint: EndpointConfig
    ) -> None:
        async with EngineClient() as client:
            with pytest.raises(ContextOverflowError):
                await collect(client, endpoint, asking("many words " * 6000))

    @pytest.mark.asyncio
    async def test_closing_the_stream_frees_the_engine(self, endpoint: EndpointConfig) -> None:
        async with EngineClient() as client:
            request = asking("Tell a very long story.", max_tokens=2000)
            stream = client.stream_chat(endpoint, request)
            async with contextlib.aclosing(stream):
                assert isinstance(await anext(stream), sdk.TextDelta)
        async with asyncio.timeout(30):
            while not await self.is_idle(endpoint):  # noqa: ASYNC110 - another process' state
                await asyncio.sleep(0.2)

    @pytest.mark.asyncio
    async def test_many_streams_at_once_all_end_well(self, endpoint: EndpointConfig) -> None:
        async with EngineClient() as client:
            answers = await asyncio.gather(
                *(
                    collect(client, endpoint, asking(f"Say the number {number}."))
                    for number in range(self.streams)
                )
            )
        assert len(answers) == self.streams
        assert all(text for text, _ in answers)

    @pytest.mark.asyncio
    async def test_pipeline_answers_from_passages(self, endpoint: EndpointConfig) -> None:
        events: list[RunEvent] = []
        async with EngineClient() as client:
            outcome = await execute_pipeline(
                PIPELINE,
                RunInput("run", sdk.Query("How long does compost take to mature?", language="en")),
                registry=pipeline_registry(),
                context=sdk.Context(log=SilentLog(), llm=EndpointLanguageModel(client, endpoint)),
                emit=events.append,
                limits=RunLimits(seconds=300),
            )
        assert_valid_run_stream([*events, terminal_event(outcome)])
        assert outcome.state == "finished", outcome
        assert outcome.usage.completion_tokens > 0
        assert len([event for event in events if isinstance(event, AnswerDelta)]) >= 1
        self.check_answer(outcome.answer, outcome.citations)

    def check_answer(self, answer: str, citations: tuple) -> None:
        """A real model, however small, takes a number from the passage, and the guard cites it."""
        assert set(re.findall(r"\w+", answer.lower())) & {"six", "6", "twelve", "12"}, answer
        assert any("six to twelve months" in citation.quote for citation in citations)


class FixedRetriever:
    """Finds the same two passages whatever is asked."""

    manifest = sdk.Manifest(
        id="fixed",
        version="1.0.0",
        kind=sdk.StageKind.RETRIEVER,
        title="Fixed",
        summary="Finds the same passages whatever is asked.",
    )

    async def retrieve(self, query: sdk.Query, ctx: sdk.Context) -> tuple[sdk.Passage, ...]:
        return tuple(make_passage(number, text) for number, text in enumerate(COMPOST, start=1))


PIPELINE = PipelineSpec(
    (
        StageSpec(sdk.StageKind.RETRIEVER, "fixed"),
        StageSpec(sdk.StageKind.PROMPT, "cited"),
        StageSpec(sdk.StageKind.GENERATOR, "openai-chat"),
        StageSpec(sdk.StageKind.GUARD, "citations"),
    ),
    answer_tokens=64,
)


def pipeline_registry() -> PluginRegistry:
    loaded = [
        LoadedPlugin(cls.manifest, cls, cls.Config)
        for cls in (CitedPrompt, OpenAIGenerator, CitationGuard)
    ]
    fixed = LoadedPlugin(FixedRetriever.manifest, lambda _: FixedRetriever(), CitedPrompt.Config)
    return PluginRegistry({(p.manifest.kind, p.manifest.id): p for p in (*loaded, fixed)})
