"""What this generator does that no conformance suite can know."""

import asyncio
from collections.abc import AsyncIterator

import altiplano_sdk as sdk
from altiplano_sdk.cli.scaffolds.generator.plugin import MyPlugin
from altiplano_sdk.testing.base import SilentLog


class Model:
    """Says at which temperature it was asked."""

    context_tokens = 4096

    async def stream(self, request: sdk.GenerationRequest) -> AsyncIterator[sdk.GenerationEvent]:
        yield sdk.TextDelta(str(request.temperature))
        yield sdk.GenerationDone("stop")


async def answer() -> list[sdk.GenerationEvent]:
    plugin = MyPlugin(MyPlugin.Config(temperature=0.5))
    request = sdk.GenerationRequest((sdk.ChatMessage("user", "Hello"),), max_tokens=16)
    ctx = sdk.Context(log=SilentLog(), llm=Model())
    return [event async for event in plugin.generate(request, ctx)]


def test_model_is_asked_at_the_configured_temperature() -> None:
    assert asyncio.run(answer()) == [sdk.TextDelta("0.5"), sdk.GenerationDone("stop")]
