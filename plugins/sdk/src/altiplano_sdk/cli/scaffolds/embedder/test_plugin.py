"""What this embedder does that no conformance suite can know."""

import asyncio
import math
import struct

import altiplano_sdk as sdk
from altiplano_sdk.cli.scaffolds.embedder.plugin import MyPlugin
from altiplano_sdk.testing.base import SilentLog


def vector(text: str) -> tuple[float, ...]:
    plugin = MyPlugin(MyPlugin.Config())
    batch = asyncio.run(plugin.embed_query(text, sdk.Context(log=SilentLog())))
    return struct.unpack(f"<{batch.dimension}f", batch.data)


def nearness(one: tuple[float, ...], other: tuple[float, ...]) -> float:
    return math.fsum(a * b for a, b in zip(one, other, strict=True))


def test_texts_that_share_letters_are_near() -> None:
    rain, rains, moon = vector("rain falls"), vector("rains fell"), vector("moon")
    assert nearness(rain, rains) > nearness(rain, moon)
