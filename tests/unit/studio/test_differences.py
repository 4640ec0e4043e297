"""What changed between two states of an app."""

from types import SimpleNamespace

from hypothesis import given
from hypothesis import strategies as st

from altiplano.studio.differences import AppState, Piece, SettingChange, compare, compare_texts
from altiplano.studio.pipeline_templates import CITED_ANSWER
from altiplano.studio.pipelines import Stage
from altiplano.studio.stage_edits import inserted_stage, moved_stage, with_stage, without_stage

CITED = CITED_ANSWER.stages
SCHEMA = {
    "properties": {
        "k": {"type": "integer", "default": 6, "title": "Passages"},
        "prompt": {"type": "string", "default": "", "title": "Instructions"},
        "inner": {"type": "object", "properties": {"n": {"type": "integer", "title": "Depth"}}},
    }
}
RELEASES = {
    ("retriever", "hybrid"): SimpleNamespace(
        manifest={"title": "Hybrid search"}, config_schema=SCHEMA
    )
}
stages = st.lists(
    st.builds(
        Stage,
        st.sampled_from(["guard", "retriever", "prompt"]),
        st.sampled_from(["a", "b"]),
        st.dictionaries(st.sampled_from(["k", "prompt"]), st.integers(0, 2), max_size=2),
    ),
    max_size=6,
).map(tuple)
texts = st.text(max_size=200)


def told(before, after):
    differences = compare(AppState(tuple(before)), AppState(tuple(after)), RELEASES)
    return [(each.change, each.place, each.kind, each.plugin) for each in differences.stages]


@given(stages)
def test_nothing_changed_is_nothing(same):
    assert not compare(AppState(same), AppState(same))


@given(stages, stages)
def test_different_pipelines_never_look_alike(before, after):
    assert bool(compare(AppState(before), AppState(after))) == (before != after)


@given(texts, texts)
def test_pieces_make_both_texts(before, after):
    pieces = compare_texts(before, after)
    assert "".join(each.text for each in pieces if each.change != "inserted") == before
    assert "".join(each.text for each in pieces if each.change != "deleted") == after


def test_long_texts_are_compared_by_lines():
    before = "\n".join(["a line of five words"] * 600 + ["the old end"])
    pieces = compare_texts(before, before.replace("old", "new"))
    assert pieces[1:] == (Piece("the old end", "deleted"), Piece("the new end", "inserted"))


def test_changed_setting_is_told_from_its_default():
    (change,) = compare(
        AppState(CITED),
        AppState(with_stage(CITED, 0, Stage("retriever", "hybrid", {"k": 8}))),
        RELEASES,
    ).stages
    assert (change.change, change.kind, change.plugin) == ("changed", "Retrieve", "Hybrid search")
    assert change.settings == (SettingChange("Passages", "6", "8"),)


def test_words_of_a_long_text_are_told_apart():
    old = "Answer in two sentences, and always name the document that you found it in."
    new = old.replace("two", "three")
    before, after = (Stage("retriever", "hybrid", {"prompt": text}) for text in (old, new))
    (change,) = compare(AppState((before,)), AppState((after,)), RELEASES).stages
    (setting,) = change.settings
    assert [each for each in setting.pieces if each.change != "same"] == [
        Piece("two", "deleted"),
        Piece("three", "inserted"),
    ]


def test_setting_in_a_group_is_told_by_its_own_name():
    before, after = (Stage("retriever", "hybrid", {"inner": {"n": n}}) for n in (1, 2))
    (change,) = compare(AppState((before,)), AppState((after,)), RELEASES).stages
    assert change.settings == (SettingChange("Depth", "1", "2"),)


def test_stages_that_came_went_moved_and_were_exchanged():
    assert told(CITED, without_stage(CITED, 1)) == [("removed", 2, "Guard", "abstention")]
    assert told(without_stage(CITED, 1), CITED) == [("added", 2, "Guard", "abstention")]
    assert told(CITED, moved_stage(CITED, 1, 3)) == [("moved", 4, "Guard", "abstention")]
    exchanged = with_stage(CITED, 2, Stage("prompt", "chat"))
    assert told(CITED, exchanged) == [("exchanged", 3, "Prompt", "chat")]
    added = inserted_stage(CITED, Stage("query", "rewrite"))
    assert told(CITED, added) == [("added", 1, "Query", "rewrite")]


def test_collections_and_model_are_told():
    differences = compare(AppState(CITED, ("a", "b"), ""), AppState(CITED, ("b", "c"), "m"))
    assert differences.collections_added == ("c",)
    assert differences.collections_removed == ("a",)
    assert differences.endpoint == ("", "m")
