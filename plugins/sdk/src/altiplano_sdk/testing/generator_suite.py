"""What every generator does: stream, end exactly once, and let go when it is closed."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
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
    ToolCall,
    Usage,
)
from altiplano_sdk.testing.base import SilentLog
from altiplano_sdk.testing.calls import CallSuite
from altiplano_sdk.testing.rules import BUDGETS, CANCELLATION, SHAPES, TAXONOMY, proves
from altiplano_sdk.testing.shapes import assert_shape

REQUEST = GenerationRequest((ChatMessage("user", "Hello"),), max_tokens=16)


class ScriptedModel:
    """A LanguageModel that says ``words`` and remembers what it was asked and how it ended."""

    context_tokens = 4096

    def __init__(
        self, *words: str, error: Exception | None = None, calls: Sequence[ToolCall] = ()
    ) -> None:
        self.words = words
        self.error = error
        self.calls = calls
        self.requests: list[GenerationRequest] = []
        self.closed = False

    async def stream(self, request: GenerationRequest) -> AsyncIterator[GenerationEvent]:
        self.requests.append(request)
        try:
            for word in self.words:
                yield TextDelta(word)
            for call in self.calls:
                yield call
            if self.error is not None:
                raise self.error
            yield GenerationDone("stop", Usage(3, len(self.words)))
        finally:
            self.closed = True


class GeneratorSuite(CallSuite):
    """Set ``plugin_class``. What only a generator with the granted model can do is asked of one
    that asks for it.
    """

    kind = StageKind.GENERATOR

    async def call(self, plugin: Any, ctx: Context, text: str) -> str:
        """The whole answer to a person who says ``text``."""
        request = GenerationRequest((ChatMessage("user", text),), max_tokens=64)
        events = [event async for event in plugin.generate(request, ctx)]
        assert_generation(events)
        return "".join(event.text for event in events[:-1])

    @pytest.fixture
    def speaking(self, plugin: Any) -> Any:
        """The plugin, if it is one that speaks through the granted model."""
        if not self.plugin_class.manifest.grants.model_use:
            pytest.skip("this generator does not ask for the model")
        return plugin

    def collect(self, plugin: Any, model: ScriptedModel | None) -> list[GenerationEvent]:
        async def run() -> list[GenerationEvent]:
            ctx = replace(self.make_context(), log=SilentLog(), llm=model)
            return [event async for event in plugin.generate(REQUEST, ctx)]

        return asyncio.run(run())

    @proves(SHAPES)
    def test_text_adds_up_and_done_comes_once_and_last(self, speaking: Any) -> None:
        events = self.collect(speaking, ScriptedModel("Six ", "months", "."))
        assert_generation(events)
        texts = [event.text for event in events if isinstance(event, TextDelta)]
        assert "".join(texts) == "Six months."

    def test_usage_is_passed_on(self, speaking: Any) -> None:
        done = self.collect(speaking, ScriptedModel("a", "b"))[-1]
        assert isinstance(done, GenerationDone)
        assert done.usage == Usage(3, 2)

    @proves(BUDGETS)
    def test_request_stays_within_what_was_asked(self, speaking: Any) -> None:
        model = ScriptedModel("a")
        self.collect(speaking, model)
        assert [request.messages for request in model.requests] == [REQUEST.messages]
        assert model.requests[0].max_tokens <= REQUEST.max_tokens

    @proves(SHAPES)
    def test_wished_calls_are_passed_on_or_left_out(self, speaking: Any) -> None:
        """A generator may ignore tools; it invents no calls and changes none."""
        wish = ToolCall("call-1", "convert_units", '{"value": 3}')
        events = self.collect(speaking, ScriptedModel("Let me see.", calls=(wish,)))
        assert [event for event in events if isinstance(event, ToolCall)] in ([], [wish])
        assert isinstance(events[-1], GenerationDone)

    @proves(TAXONOMY)
    def test_error_of_the_engine_passes(self, speaking: Any) -> None:
        with pytest.raises(EngineError, match="It broke"):
            self.collect(speaking, ScriptedModel("a", error=EngineError("It broke.")))

    @proves(TAXONOMY)
    def test_without_a_model_it_says_so(self, speaking: Any) -> None:
        with pytest.raises(PermanentError, match="model"):
            self.collect(speaking, None)

    @proves(CANCELLATION)
    def test_closing_it_closes_the_model(self, speaking: Any) -> None:
        model = ScriptedModel("a", "b", "c")

        async def run() -> None:
            ctx = replace(self.make_context(), log=SilentLog(), llm=model)
            stream = speaking.generate(REQUEST, ctx)
            await anext(stream)
            await stream.aclose()

        asyncio.run(run())
        assert model.closed


def assert_generation(events: Sequence[Any]) -> None:
    """Passes for any number of deltas and one GenerationDone, which is last."""
    assert events, "a generation ends with GenerationDone"
    assert_shape(events[-1], GenerationDone)
    for event in events[:-1]:
        assert_shape(event, TextDelta)
