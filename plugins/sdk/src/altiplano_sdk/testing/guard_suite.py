"""What every guard does: answer at its points with a verdict that can be carried out."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, cast

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
from altiplano_sdk.testing.calls import CallSuite
from altiplano_sdk.testing.reference import make_passage
from altiplano_sdk.testing.rules import ODD_INPUT, REPEATABLE, SHAPES, proves
from altiplano_sdk.testing.shapes import assert_shape

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


class GuardSuite(CallSuite):
    """Set ``plugin_class``; override ``make_context`` when stubs are not enough."""

    kind = StageKind.GUARD
    huge_characters = 50_000

    async def call(self, plugin: Any, ctx: Context, text: str) -> tuple[GuardVerdict, ...]:
        """The verdicts on ``text`` at the guard's points: as question, evidence and answer."""
        verdicts = []
        for point in plugin.points:
            request = self.request(point)
            if point is GuardPoint.INPUT:
                request = replace(request, query=Query(text, language="en"))
            elif point is GuardPoint.EVIDENCE:
                request = replace(request, passages=(*PASSAGES, make_passage(3, text)))
            else:
                request = replace(request, answer=text)
            verdict = await plugin.check(request, ctx)
            assert_verdict(request, verdict)
            verdicts.append(verdict)
        return tuple(verdicts)

    def check(self, plugin: Any, ctx: Context, request: GuardRequest) -> GuardVerdict:
        verdict = asyncio.run(plugin.check(request, ctx))
        assert_verdict(request, verdict)
        return cast(GuardVerdict, verdict)

    def request(self, point: GuardPoint, **changes: Any) -> GuardRequest:
        request = GuardRequest(
            point,
            Query("When is compost mature?", language="en"),
            passages=() if point is GuardPoint.INPUT else tuple(PASSAGES),
            answer="After six to twelve months." if point is GuardPoint.ANSWER else "",
        )
        return replace(request, **changes)

    @proves(SHAPES)
    def test_points_are_stated(self, plugin: Any) -> None:
        assert plugin.points
        assert set(plugin.points) <= set(GuardPoint)

    def test_every_point_gets_a_verdict(self, plugin: Any, ctx: Context) -> None:
        for point in plugin.points:
            self.check(plugin, ctx, self.request(point))

    @proves(ODD_INPUT)
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

    @proves(REPEATABLE)
    def test_verdicts_do_not_depend_on_chance(self, plugin: Any, ctx: Context) -> None:
        for point in plugin.points:
            request = self.request(point)
            assert self.check(plugin, ctx, request) == self.check(plugin, ctx, request)


def assert_verdict(request: GuardRequest, verdict: Any) -> None:
    """Passes for a verdict that can be carried out for ``request``."""
    assert_shape(verdict, GuardVerdict)
    if verdict.action in {"block", "replace"}:
        assert verdict.message, f"{verdict.action} needs a message to show"
    for citation in verdict.citations:
        assert 0 <= citation.passage < len(request.passages)
        passage = request.passages[citation.passage]
        assert 0 <= citation.start < citation.end <= len(passage.text)
        assert 0 <= citation.answer_start <= citation.answer_end <= len(request.answer)
