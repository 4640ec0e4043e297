"""Stages are added, removed, moved and exchanged."""

from hypothesis import given
from hypothesis import strategies as st

from altiplano.studio.pipeline_templates import CHAT, CITED_ANSWER
from altiplano.studio.pipelines import Stage
from altiplano.studio.stage_edits import (
    exchange_plugin,
    inserted_stage,
    is_in_order,
    moved_stage,
    place_for,
    same_stage,
    with_stage,
    without_stage,
)

CITED = CITED_ANSWER.stages
kinds = st.sampled_from(["guard", "query", "retriever", "reranker", "prompt", "generator"])
pipelines = st.lists(st.builds(Stage, kinds, st.sampled_from(["a", "b"])), min_size=1, max_size=8)


@given(pipelines, kinds)
def test_added_stage_stands_where_it_was_placed_and_leaves_again(stages, kind):
    new = Stage(kind, "new")
    place = place_for(stages, kind)
    added = inserted_stage(stages, new)
    assert added[place] is new
    assert without_stage(added, place) == tuple(stages)


@given(st.data(), pipelines)
def test_moving_there_and_back_changes_nothing(data, stages):
    here = data.draw(st.integers(0, len(stages) - 1))
    there = data.draw(st.integers(0, len(stages) - 1))
    moved = moved_stage(stages, here, there)
    assert moved[there] is stages[here]
    assert moved_stage(moved, there, here) == tuple(stages)


def test_new_stage_goes_where_its_kind_works():
    assert is_in_order(inserted_stage(CHAT.stages, Stage("retriever", "hybrid")))
    assert place_for(CITED, "reranker") == 1
    assert place_for(CITED, "query") == 0
    assert place_for(CITED, "guard") == len(CITED)
    judged = (*CITED, Stage("evaluator", "a"))
    assert place_for(judged, "guard") == len(CITED)
    assert place_for(judged, "evaluator") == len(judged)


def test_exchange_keeps_what_the_new_plugin_takes_and_names_the_rest():
    schema = {
        "properties": {"system": {"type": "string"}, "k": {"type": "integer", "maximum": 5}},
        "required": ["other"],
    }
    stage = Stage("prompt", "old", {"system": "Be kind.", "k": 9, "style": "short"})
    exchange = exchange_plugin(stage, "new", schema)
    assert exchange.stage == Stage("prompt", "new", {"system": "Be kind."})
    assert exchange.dropped == ("k", "style")


def test_stage_is_found_again_after_others_came_and_went():
    now = inserted_stage(CITED, Stage("query", "rewrite"))
    assert same_stage(now, CITED, 4) == 5
    assert same_stage(without_stage(CITED, 1), CITED, 1) is None


def test_second_of_two_like_stages_is_not_taken_for_the_first():
    twice = (*CITED, Stage("guard", "citations", {"by_meaning": False}))
    assert same_stage(twice, twice, 5) == 5
    assert same_stage(twice, CITED, 4) == 4


def test_replaced_stage_stands_in_the_same_place():
    changed = with_stage(CITED, 0, Stage("retriever", "other"))
    assert [stage.plugin for stage in changed[:2]] == ["other", "abstention"]
