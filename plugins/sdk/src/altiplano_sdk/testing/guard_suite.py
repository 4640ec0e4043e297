"""What every guard does: answer at its points with a verdict that can be carried out."""

import asyncio
import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from altiplano_sdk import (
    Context,
    GuardPoint,
    GuardRequest,
    GuardVerdict,
    Passage,
    Query,
    StageKind,
)
from altiplano_sdk.testing.base import ConformanceSuite
from altiplano_sdk.testing.retriever_suite import make_passage

ACTIONS = {"pass", "abstain", "block", "replace"}

PASSAGES: Sequence[Passage] = (
    replace(
        make_passage(1, "Compost is mature after six to twelve months."),
        score=0.9,
        dense_score=0.9,
        lexical_score=8.0,
    ),
    replace(
        make_passage(2, "The library opens at nine."),
        score=0.3,
        dense_score=0.78,
        lexical_score=None,
    ),
)

QUESTIONS = ("When is compost mature?", "", "\0", "?" * 5000, "¿Cuándo?", "\u202eabc")


class GuardSuite(ConformanceSuite):
    """Set ``plugin_class``; override ``ctx`` when the plugin needs a granted capability."""

    kind = StageKind.GUARD

    def check(self, plugin: Any, ctx: Context, request: GuardRequest) -> GuardVerdict:
        verdict = asyncio.run(plugin.check(request, ctx))
        assert isinstance(verdict, GuardVerdict)
        assert verdict.action in ACTIONS
        if verdict.action in {"block", "replace"}:
            assert verdict.message, f"{verdict.action} needs a message to show"
        for value in (verdict.scores or {}).values():
            assert math.isfinite(value)
        for citation in verdict.citations:
            passage = request.passages[citation.passage]
            assert 0 <= citation.start < citation.end <= len(passage.text)
            assert 0 <= citation.answer_start <= citation.answer_end
        return verdict

    def request(self, point: GuardPoint, **changes: Any) -> GuardRequest:
        request = GuardRequest(
            point,
            Query("When is compost mature?", language="en"),
            passages=() if point is GuardPoint.INPUT else tuple(PASSAGES),
            answer="After six to twelve months." if point is GuardPoint.ANSWER else "",
        )
        return replace(request, **changes)

    def test_points_are_stated(self, plugin: Any) -> None:
        assert plugin.points
        assert set(plugin.points) <= set(GuardPoint)

    def test_every_point_gets_a_verdict(self, plugin: Any, ctx: Context) -> None:
        for point in plugin.points:
            self.check(plugin, ctx, self.request(point))

    @pytest.mark.parametrize("question", QUESTIONS, ids=range(len(QUESTIONS)))
    def test_odd_questions_get_a_verdict(self, plugin: Any, ctx: Context, question: str) -> None:
        for point in plugin.points:
            self.check(plugin, ctx, self.request(point, query=Query(question)))

    def test_no_passages_get_a_verdict(self, plugin: Any, ctx: Context) -> None:
        for point in plugin.points:
            self.check(plugin, ctx, self.request(point, passages=()))

    def test_passages_without_scores_get_a_verdict(self, plugin: Any, ctx: Context) -> None:
        bare = tuple(replace(p, dense_score=None, lexical_score=None) for p in PASSAGES)
        for point in plugin.points:
            self.check(plugin, ctx, self.request(point, passages=bare))

    def test_verdicts_do_not_depend_on_chance(self, plugin: Any, ctx: Context) -> None:
        for point in plugin.points:
            request = self.request(point)
            assert self.check(plugin, ctx, request) == self.check(plugin, ctx, request)
