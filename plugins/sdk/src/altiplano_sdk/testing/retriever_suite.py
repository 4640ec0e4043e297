"""What every retriever does: rank what the index holds, each chunk once, and nothing else."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, cast

import pytest

from altiplano_sdk import (
    Context,
    Passage,
    PermanentError,
    Query,
    RetrievalFilter,
    RetryableError,
    SearchMode,
    StageKind,
)
from altiplano_sdk.testing.base import SilentLog
from altiplano_sdk.testing.calls import CallSuite
from altiplano_sdk.testing.reference import make_passage
from altiplano_sdk.testing.rules import REPEATABLE, SHAPES, TAXONOMY, proves
from altiplano_sdk.testing.shapes import assert_shape


class ScriptedIndex:
    """A PassageIndex that answers every question with two fixed rankings."""

    def __init__(
        self,
        dense: Sequence[tuple[Passage, float]] = (),
        lexical: Sequence[tuple[Passage, float]] = (),
    ) -> None:
        self.dense = dense
        self.lexical = lexical
        self.asked: list[tuple[str, SearchMode, int]] = []

    async def search(
        self, text: str, *, mode: SearchMode, k: int, where: RetrievalFilter | None = None
    ) -> tuple[Passage, ...]:
        self.asked.append((text, mode, k))
        await asyncio.sleep(0)
        if mode is SearchMode.DENSE:
            return tuple(replace(p, score=s, dense_score=s) for p, s in self.dense[:k])
        assert mode is SearchMode.LEXICAL, "fusion is the retriever's business"
        return tuple(replace(p, score=s, lexical_score=s) for p, s in self.lexical[:k])


PASSAGES = tuple(
    make_passage(number, f"Passage {number} about compost, water and beehive number {number}.")
    for number in range(1, 9)
)


def sample_index() -> ScriptedIndex:
    """Six passages by meaning, four by words, two of them by both."""
    return ScriptedIndex(
        dense=[(PASSAGES[at], 0.9 - at / 50) for at in range(6)],
        lexical=[(PASSAGES[at], 12.0 - rank) for rank, at in enumerate((4, 0, 6, 7))],
    )


class RetrieverSuite(CallSuite):
    """Set ``plugin_class``. What only a retriever with the granted index can do is asked of one
    that asks for it.
    """

    kind = StageKind.RETRIEVER

    async def call(self, plugin: Any, ctx: Context, text: str) -> tuple[Passage, ...]:
        found = await plugin.retrieve(Query(text, language="en"), ctx)
        assert_ranking(found)
        return cast(tuple[Passage, ...], found)

    @pytest.fixture
    def searching(self, plugin: Any) -> Any:
        """The plugin, if it is one that searches the granted index."""
        if not self.plugin_class.manifest.grants.index_use:
            pytest.skip("this retriever does not ask for the index")
        return plugin

    def retrieve(
        self, plugin: Any, index: ScriptedIndex | None, query: Query | None = None
    ) -> tuple[Passage, ...]:
        ctx = replace(self.make_context(), log=SilentLog(), index=index)
        found = asyncio.run(plugin.retrieve(query or Query("How long does it take?"), ctx))
        assert_shape(found, tuple[Passage, ...])
        return cast(tuple[Passage, ...], found)

    @proves(SHAPES)
    def test_passages_are_sorted_and_unique(self, searching: Any) -> None:
        found = self.retrieve(searching, sample_index())
        assert found
        scores = [passage.score for passage in found]
        assert scores == sorted(scores, reverse=True)
        assert len({passage.chunk_id for passage in found}) == len(found)

    def test_passages_are_the_index_s_own(self, searching: Any) -> None:
        """Only the score may differ: citations rest on the offsets."""
        known = {passage.chunk_id: passage for passage in PASSAGES}
        for passage in self.retrieve(searching, sample_index()):
            bare = replace(passage, score=0.0, dense_score=None, lexical_score=None)
            assert bare == known[passage.chunk_id]

    def test_signal_scores_come_through(self, searching: Any) -> None:
        """The guard that decides about abstention reads them."""
        dense = {passage.chunk_id: score for passage, score in sample_index().dense}
        lexical = {passage.chunk_id: score for passage, score in sample_index().lexical}
        for passage in self.retrieve(searching, sample_index()):
            assert passage.dense_score in (None, dense.get(passage.chunk_id))
            assert passage.lexical_score in (None, lexical.get(passage.chunk_id))

    def test_the_question_itself_is_searched(self, searching: Any) -> None:
        index = sample_index()
        self.retrieve(searching, index, Query("Where do bees live?"))
        assert "Where do bees live?" in {text for text, _, _ in index.asked}

    def test_an_empty_index_gives_nothing(self, searching: Any) -> None:
        assert self.retrieve(searching, ScriptedIndex()) == ()

    @proves(REPEATABLE)
    def test_answers_do_not_depend_on_chance(self, searching: Any) -> None:
        assert self.retrieve(searching, sample_index()) == self.retrieve(searching, sample_index())

    @proves(TAXONOMY)
    def test_an_index_s_error_comes_through_as_itself(self, searching: Any) -> None:
        """The platform tells errors apart by their type and shows their sentence."""

        class Unavailable(ScriptedIndex):
            async def search(self, *_: Any, **__: Any) -> tuple[Passage, ...]:
                raise RetryableError("The index is being rebuilt.")

        with pytest.raises(RetryableError, match="being rebuilt"):
            self.retrieve(searching, Unavailable())

    @proves(TAXONOMY)
    def test_without_a_granted_index_it_says_so(self, searching: Any) -> None:
        with pytest.raises(PermanentError):
            self.retrieve(searching, None)


def assert_ranking(found: Any) -> None:
    """Passes for a tuple of passages with falling, finite scores, no chunk twice."""
    assert_shape(found, tuple[Passage, ...])
    scores = [passage.score for passage in found]
    assert scores == sorted(scores, reverse=True)
    assert len({passage.chunk_id for passage in found}) == len(found)
    for passage in found:
        assert passage.chunk_id >= 0
        assert passage.page >= 1
        assert 0 <= passage.start <= passage.end
