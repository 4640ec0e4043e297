"""What every reranker does: put what it was given into a better order, and add nothing."""

import asyncio
from typing import Any, cast

import pytest

from altiplano_sdk import Context, Passage, Query, StageKind
from altiplano_sdk.testing.calls import CallSuite, without_score
from altiplano_sdk.testing.reference import make_passage, ranked, reference_set
from altiplano_sdk.testing.retriever_suite import assert_ranking
from altiplano_sdk.testing.rules import HUGE_INPUT, SHAPES, proves
from altiplano_sdk.testing.texts import QUESTION


class RerankerSuite(CallSuite):
    """Set ``plugin_class``; override ``make_context`` when stubs are not enough."""

    kind = StageKind.RERANKER

    async def call(self, plugin: Any, ctx: Context, text: str) -> tuple[Passage, ...]:
        """Eight passages and ``text`` itself, put in order for ``text``."""
        given = ranked((*reference_set().passages[:8], make_passage(9_000, text)))
        return await self.rerank(plugin, ctx, Query(text, language="en"), given)

    async def rerank(
        self, plugin: Any, ctx: Context, query: Query, given: tuple[Passage, ...]
    ) -> tuple[Passage, ...]:
        kept = await plugin.rerank(query, given, ctx)
        assert_ranking(kept)
        known = {without_score(passage) for passage in given}
        foreign = [passage for passage in kept if without_score(passage) not in known]
        assert not foreign, "a passage was changed or made up; only its score may differ"
        return cast(tuple[Passage, ...], kept)

    def rerank_now(
        self, plugin: Any, ctx: Context, given: tuple[Passage, ...], question: str = QUESTION
    ) -> tuple[Passage, ...]:
        return asyncio.run(self.rerank(plugin, ctx, Query(question, language="en"), given))

    @proves(SHAPES)
    def test_nothing_stays_nothing(self, plugin: Any, ctx: Context) -> None:
        assert self.rerank_now(plugin, ctx, ()) == ()

    @proves(SHAPES)
    def test_a_single_passage_may_only_stay_or_go(self, plugin: Any, ctx: Context) -> None:
        given = ranked((make_passage(1, "Compost is mature after six months."),))
        assert len(self.rerank_now(plugin, ctx, given)) <= 1

    @proves(SHAPES)
    @pytest.mark.parametrize("signal", ["dense_score", "lexical_score"])
    def test_scores_of_the_searches_are_kept(self, plugin: Any, ctx: Context, signal: str) -> None:
        """Guards read them to decide about abstention."""
        given = ranked(reference_set().passages[:6])
        before = {passage.chunk_id: getattr(passage, signal) for passage in given}
        for passage in self.rerank_now(plugin, ctx, given):
            assert getattr(passage, signal) == before[passage.chunk_id]

    @proves(HUGE_INPUT)
    def test_many_passages_are_ranked(self, plugin: Any, ctx: Context) -> None:
        given = ranked(
            tuple(make_passage(n, f"Passage {n} about compost and bees.") for n in range(1, 301))
        )
        assert len(self.rerank_now(plugin, ctx, given)) <= len(given)
