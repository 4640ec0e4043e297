"""What a trace shows of the events that were stored."""

from altiplano.runs.tracing import _details_of, _stages_in


def finished(kind: str, ms: float, **detail) -> dict:
    return {"type": "stage.finished", "kind": kind, "plugin": "p", "ms": ms, "detail": detail}


def test_stages_follow_each_other_on_one_scale():
    stages = _stages_in([finished("retriever", 25.0), finished("generator", 75.0)], 100.0, {})
    assert [(stage.begun, stage.share) for stage in stages] == [(0.0, 25.0), (25.0, 75.0)]


def test_stages_that_took_longer_than_the_whole_stay_within_it():
    stages = _stages_in([finished("retriever", 30.0), finished("generator", 90.0)], 100.0, {})
    assert stages[-1].begun + stages[-1].share <= 100


def test_a_stage_of_a_kind_without_a_name_is_called_by_its_kind():
    assert _stages_in([finished("translator", 1.0)], 1.0, {})[0].name == "translator"


def test_a_stage_is_called_by_what_its_plugin_is_called_in_its_kind():
    titles = {("retriever", "p"): "Both searches", ("prompt", "p"): "Plain"}
    stages = _stages_in([finished("retriever", 1.0), finished("guard", 1.0)], 2.0, titles)
    assert [(each.plugin_title, each.plugin) for each in stages] == [
        ("Both searches", "p"),
        ("", "p"),
    ]


def test_details_leave_out_what_is_empty_but_not_what_is_zero():
    detail = {"reason": "", "passages": 0, "trimmed": [], "scores": {}, "action": "pass"}
    assert _details_of(detail) == (("passages", "0"), ("decision", "goes on"))


def test_details_are_written_in_a_line_that_ends():
    detail = {
        "scores": {"best": 0.90565, "names": 1.0},
        "trimmed": ["one", "two"],
        "long": "x" * 999,
    }
    written = dict(_details_of(detail))
    assert written["scores"] == "nearness in meaning 0.906, names and numbers found 1"
    assert written["left out"] == "one · two"
    assert len(written["long"]) == 300


def test_what_only_a_plugin_knows_is_shown_as_it_wrote_it():
    detail = {"mood": "calm", "action": "sing", "scores": {"joy": 0.5}, "language": "zz"}
    assert dict(_details_of(detail)) == {
        "mood": "calm",
        "decision": "sing",
        "scores": "joy 0.5",
        "language": "zz",
    }


def test_a_language_is_called_by_its_name():
    assert dict(_details_of({"language": "fr"})) == {"language": "French"}
