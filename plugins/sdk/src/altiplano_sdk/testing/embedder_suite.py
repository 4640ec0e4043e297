"""What every embedder does: one unit vector per text, in order, without holding up the loop."""

import asyncio
import math
import struct
import time
from collections.abc import Sequence
from typing import Any

import pytest

from altiplano_sdk import Context, StageKind, VectorBatch
from altiplano_sdk.testing.calls import CallSuite
from altiplano_sdk.testing.rules import REPEATABLE, SHAPES, proves
from altiplano_sdk.testing.shapes import assert_shape
from altiplano_sdk.testing.texts import USUAL

TEXTS = (
    "Compost is mature after six to twelve months.",
    "The library opens at nine and closes at six.",
    "Rainwater is collected in two barrels behind the school.",
)

ODD_TEXTS = (
    "",
    " ",
    "\0",
    "a\0b",
    "\ud800",
    "🌱" * 50,
    "word " * 1000,
    "x" * 3000,
    "\u202e",
    "مرحبا 你好",
)


class EmbedderSuite(CallSuite):
    """Set ``plugin_class``; override ``make_context`` when stubs are not enough."""

    kind = StageKind.EMBEDDER
    huge_characters = 10_000

    async def call(self, plugin: Any, ctx: Context, text: str) -> list[tuple[float, ...]]:
        """The vectors of the text as a question, of the text and of another one."""
        batches = (
            await plugin.embed_query(text, ctx),
            await plugin.embed_passages((text, USUAL), ctx),
        )
        for batch, count in zip(batches, (1, 2), strict=True):
            assert_shape(batch, VectorBatch)
            assert (batch.count, batch.dimension) == (count, plugin.dimension)
        vectors = [row for batch in batches for row in rows(batch)]
        assert [math.hypot(*vector) for vector in vectors] == pytest.approx([1.0] * 3, abs=1e-3)
        return vectors

    def same(self, one: Any, other: Any) -> bool:
        """Sums of floats may differ in their last digits from one batch to another."""
        return all(cosine(a, b) > 1 - 1e-3 for a, b in zip(one, other, strict=True))

    def passages(self, plugin: Any, ctx: Context, texts: Sequence[str]) -> list[tuple[float, ...]]:
        return rows(asyncio.run(plugin.embed_passages(texts, ctx)))

    def query(self, plugin: Any, ctx: Context, text: str) -> tuple[float, ...]:
        (row,) = rows(asyncio.run(plugin.embed_query(text, ctx)))
        return row

    def test_model_id_and_dimension_are_stated(self, plugin: Any) -> None:
        assert plugin.model_id
        assert plugin.dimension >= 1
        assert self.make_plugin().model_id == plugin.model_id

    @proves(SHAPES)
    def test_every_text_has_a_unit_vector(self, plugin: Any, ctx: Context) -> None:
        vectors = self.passages(plugin, ctx, TEXTS)
        assert [len(vector) for vector in vectors] == [plugin.dimension] * len(TEXTS)
        assert [math.hypot(*vector) for vector in vectors] == pytest.approx([1.0] * 3, abs=1e-3)

    def test_no_texts_give_no_vectors(self, plugin: Any, ctx: Context) -> None:
        batch = asyncio.run(plugin.embed_passages((), ctx))
        assert (batch.count, batch.dimension) == (0, plugin.dimension)

    def test_vectors_come_in_the_order_of_the_texts(self, plugin: Any, ctx: Context) -> None:
        forward = self.passages(plugin, ctx, TEXTS)
        backward = self.passages(plugin, ctx, TEXTS[::-1])
        for there, back in zip(forward, backward[::-1], strict=True):
            assert cosine(there, back) == pytest.approx(1.0, abs=1e-3)

    @proves(REPEATABLE)
    def test_a_batch_changes_no_vector(self, plugin: Any, ctx: Context) -> None:
        together = self.passages(plugin, ctx, TEXTS * 12)
        alone = self.passages(plugin, ctx, TEXTS[:1])
        assert cosine(together[-3], alone[0]) == pytest.approx(1.0, abs=1e-3)

    def test_a_question_is_nearest_to_its_answer(self, plugin: Any, ctx: Context) -> None:
        question = self.query(plugin, ctx, "When is compost mature?")
        near, *far = (cosine(question, vector) for vector in self.passages(plugin, ctx, TEXTS))
        assert near > max(far)

    @pytest.mark.parametrize("text", ODD_TEXTS, ids=range(len(ODD_TEXTS)))
    def test_odd_texts_have_vectors_too(self, plugin: Any, ctx: Context, text: str) -> None:
        """A document may hold anything; one odd chunk must not stop its ingest."""
        for vector in (*self.passages(plugin, ctx, [text]), self.query(plugin, ctx, text)):
            assert math.hypot(*vector) == pytest.approx(1.0, abs=1e-3)

    def test_the_loop_goes_on_meanwhile(self, plugin: Any, ctx: Context) -> None:
        """Streams of other runs share the loop; none may wait for an embedding."""
        asyncio.run(plugin.embed_query("warm up", ctx))

        async def longest_pause() -> float:
            embedding = asyncio.create_task(plugin.embed_passages(TEXTS * 8, ctx))
            longest = 0.0
            while not embedding.done():
                begun = time.thread_time()
                await asyncio.sleep(0.001)
                longest = max(longest, time.thread_time() - begun)
            await embedding
            return longest

        assert asyncio.run(longest_pause()) < 0.1


def rows(batch: VectorBatch) -> list[tuple[float, ...]]:
    """The batch's vectors as tuples."""
    width = batch.dimension * 4
    return [
        struct.unpack(f"<{batch.dimension}f", batch.data[at : at + width])
        for at in range(0, len(batch.data), width)
    ]


def cosine(one: Sequence[float], other: Sequence[float]) -> float:
    return math.fsum(a * b for a, b in zip(one, other, strict=True))
