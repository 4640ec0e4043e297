"""What every evaluator does: scores between 0 and 1, under the same names for every answer."""

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, cast

import pytest

from altiplano_sdk import Context, Evaluation, ExampleAnswer, StageKind, abstention_sentence
from altiplano_sdk.testing.calls import CallSuite
from altiplano_sdk.testing.reference import ranked, reference_set
from altiplano_sdk.testing.rules import SHAPES, proves
from altiplano_sdk.testing.shapes import assert_shape


def sample_answer() -> ExampleAnswer:
    """A good answer of the reference set with the passage it rests on."""
    example = reference_set().examples[0]
    return ExampleAnswer(
        question=example.question,
        expected=example.expected,
        answer=example.good,
        passages=ranked((example.passage,)),
        abstained=False,
    )


class EvaluatorSuite(CallSuite):
    """Set ``plugin_class``; override ``make_context`` when stubs are not enough."""

    kind = StageKind.EVALUATOR
    huge_characters = 100_000

    async def call(self, plugin: Any, ctx: Context, text: str) -> Evaluation:
        """``text`` judged as an answer."""
        evaluation = await plugin.evaluate(replace(sample_answer(), answer=text), ctx)
        assert_evaluation(evaluation)
        return cast(Evaluation, evaluation)

    def scores(self, plugin: Any, ctx: Context, **changes: Any) -> Mapping[str, float]:
        evaluation = asyncio.run(plugin.evaluate(replace(sample_answer(), **changes), ctx))
        assert_evaluation(evaluation)
        return cast(Evaluation, evaluation).scores

    @proves(SHAPES)
    def test_measures_have_the_same_names_for_every_answer(self, plugin: Any, ctx: Context) -> None:
        """A column of a table holds a number in each row."""
        names = set(self.scores(plugin, ctx))
        assert names
        sentence = abstention_sentence("en")
        assert set(self.scores(plugin, ctx, answer=sentence, abstained=True)) == names
        assert set(self.scores(plugin, ctx, answer="", passages=())) == names

    @proves(SHAPES)
    @pytest.mark.parametrize("expected", [(), ("",), ("five", "17", "5 pm")])
    def test_any_number_of_expected_answers_is_judged(
        self, plugin: Any, ctx: Context, expected: tuple[str, ...]
    ) -> None:
        """A question that the documents do not answer expects nothing."""
        assert self.scores(plugin, ctx, expected=expected)


def assert_evaluation(evaluation: Any) -> None:
    """Passes for named scores, each in 0..1."""
    assert_shape(evaluation, Evaluation)
    for name, score in evaluation.scores.items():
        assert name, "a measure has a name"
        assert 0.0 <= score <= 1.0, f"{name} is {score}, not in 0..1"
