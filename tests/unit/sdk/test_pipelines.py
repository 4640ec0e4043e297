"""Which stages make a pipeline that answers."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from altiplano_sdk import StageKind
from altiplano_sdk.pipelines import MAX_STAGES, ORDER, order_problem

GUARD = StageKind.GUARD
kinds = st.sampled_from(StageKind)


@pytest.mark.parametrize(
    "stages",
    [
        "prompt generator",
        "retriever guard prompt generator guard",
        "guard query retriever reranker reranker guard prompt generator guard",
        "query prompt generator",
        "prompt generator guard evaluator guard evaluator",
    ],
)
def test_stages_in_order_can_answer(stages):
    assert order_problem([StageKind(kind) for kind in stages.split()]) is None


@pytest.mark.parametrize(
    ("stages", "sentence"),
    [
        ("", "exactly one prompt"),
        ("prompt", "exactly one generator"),
        ("prompt generator generator", "exactly one generator"),
        ("retriever retriever prompt generator", "at most one retriever"),
        ("reranker prompt generator", "retriever stage before it"),
        ("generator prompt", "The prompt stage must come before the generator stage."),
        ("prompt retriever generator", "The retriever stage must come before the prompt stage."),
        ("parser prompt generator", "A parser stage does not belong"),
        ("prompt evaluator generator", "The generator stage must come before the evaluator stage."),
    ],
)
def test_stages_that_cannot_answer_are_explained(stages, sentence):
    assert sentence in order_problem([StageKind(kind) for kind in stages.split()])


@given(st.lists(kinds, max_size=12), st.integers(0, 12))
def test_guards_may_stand_anywhere(stages, place):
    without = [kind for kind in stages if kind is not GUARD]
    place = min(place, len(without))
    assert order_problem([*without[:place], GUARD, *without[place:]]) == order_problem(without)


@given(st.lists(kinds, max_size=8))
def test_accepted_stages_keep_the_order_of_work(stages):
    if order_problem(stages) is None:
        work = [ORDER.index(kind) for kind in stages if kind is not GUARD]
        assert work == sorted(work)
        assert stages.count(StageKind.GENERATOR) == stages.count(StageKind.PROMPT) == 1


def test_number_of_stages_is_bounded():
    stages = [GUARD] * MAX_STAGES
    assert "at most" in order_problem([*stages, StageKind.PROMPT, StageKind.GENERATOR])
