"""What every generator does: stream, end exactly once, and let go when it is closed."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from altiplano_sdk import (
    ChatMessage,
    Context,
    EngineError,
    GenerationDone,
    GenerationEvent,
    GenerationRequest,
    PermanentError,
    StageKind,
    TextDelta,
    Usage,
)
from altiplano_sdk.testing.base import ConformanceSuite, SilentLog

REQUEST = GenerationRequest((ChatMessage("user", "Hello"),), max_tokens=16)


class ScriptedModel:
    """A LanguageModel that says ``words`` and remembers what it was asked and how it ended."""

    context_tokens = 4096

    def __init__(self, *words: str, error: Exception | None = None) -> None:
        self.words = words
        self.error = error
        self.requests: list[GenerationRequest] = []
        self.closed = False

    async def stream(self, request: GenerationRequest) -> AsyncIterator[GenerationEvent]:
        self.requests.append(request)
        try:
            for word in self.words:
                yield TextDelta(word)
            if self.error is not None:
                raise self.error
            yield GenerationDone("stop", Usage(3, len(self.words)))
        finally:
            self.closed = True


class GeneratorSuite(ConformanceSuite):
    """Set ``plugin_class``. For generators that speak through the granted language model."""

    kind = StageKind.GENERATOR

    def collect(self, plugin: Any, model: ScriptedModel | None) -> list[GenerationEvent]:
        async def run() -> list[GenerationEvent]:
            ctx = Context(log=SilentLog(), llm=model)
            return [event async for event in plugin.generate(REQUEST, ctx)]

        return asyncio.run(run())

    def test_text_adds_up_and_done_comes_once_and_last(self, plugin: Any) -> None:
        events = self.collect(plugin, ScriptedModel("Six ", "months", "."))
        assert isinstance(events[-1], GenerationDone)
        texts = [event for event in events[:-1] if isinstance(event, TextDelta)]
        assert len(texts) == len(events) - 1
        assert "".join(event.text for event in texts) == "Six months."

    def test_usage_is_passed_on(self, plugin: Any) -> None:
        done = self.collect(plugin, ScriptedModel("a", "b"))[-1]
        assert isinstance(done, GenerationDone)
        assert done.usage == Usage(3, 2)

    def test_request_stays_within_what_was_asked(self, plugin: Any) -> None:
        model = ScriptedModel("a")
        self.collect(plugin, model)
        assert [request.messages for request in model.requests] == [REQUEST.messages]
        assert model.requests[0].max_tokens <= REQUEST.max_tokens

    def test_error_of_the_engine_passes(self, plugin: Any) -> None:
        with pytest.raises(EngineError, match="It broke"):
            self.collect(plugin, ScriptedModel("a", error=EngineError("It broke.")))

    def test_without_a_model_it_says_so(self, plugin: Any) -> None:
        with pytest.raises(PermanentError, match="model"):
            self.collect(plugin, None)

    def test_closing_it_closes_the_model(self, plugin: Any) -> None:
        model = ScriptedModel("a", "b", "c")

        async def run() -> None:
            stream = plugin.generate(REQUEST, Context(log=SilentLog(), llm=model))
            await anext(stream)
            await stream.aclose()

        asyncio.run(run())
        assert model.closed
