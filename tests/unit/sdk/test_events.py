"""Run events survive the wire, and an older reader understands a newer writer."""

import pytest

from altiplano_sdk import events

SAMPLES = [
    events.RunStarted(seq=1, run_id="r"),
    events.StageStarted(seq=2, stage=0, kind="retriever", plugin="hybrid"),
    events.StageFinished(seq=3, stage=0, kind="retriever", plugin="hybrid", ms=1.5, detail={}),
    events.PassagesFound(seq=4, passages=[{"chunk_id": 7}]),
    events.ToolCalled(seq=5, call=1, name="convert", plugin="units", arguments={"value": 6}),
    events.ToolAnswered(seq=6, call=1, state="done", content="Half a year."),
    events.AnswerDelta(seq=5, text="Six "),
    events.CitationAdded(
        seq=6,
        n=1,
        chunk_id=7,
        document_id="d",
        document_name="Compost.pdf",
        page=2,
        start=10,
        end=20,
        quote="six months",
        answer_start=0,
        answer_end=4,
    ),
    events.AnswerFinished(seq=7, text="Six ", abstained=False, replaced=False),
    events.RunFinished(seq=8, usage={"prompt_tokens": 1, "completion_tokens": 2}, timings={}),
    events.RunFailed(seq=8, code="engine_unavailable", message="The model does not answer."),
    events.RunCancelled(seq=8),
]


@pytest.mark.parametrize("event", SAMPLES, ids=lambda event: event.type)
def test_event_survives_the_wire(event):
    assert events.event_from_dict(events.event_to_dict(event)) == event


def test_every_event_type_has_a_sample():
    assert {event.type for event in SAMPLES} == set(events.EVENT_TYPES)


def test_exactly_three_events_end_a_run():
    ends = {name for name, kind in events.EVENT_TYPES.items() if kind.terminal}
    assert ends == {"run.finished", "run.failed", "run.cancelled"}


def test_unknown_fields_of_a_newer_writer_are_ignored():
    data = {"type": "answer.delta", "seq": 1, "text": "a", "mood": "bright"}
    assert events.event_from_dict(data) == events.AnswerDelta(seq=1, text="a")


@pytest.mark.parametrize("data", [{}, {"type": "nonsense", "seq": 1}, {"type": "answer.delta"}])
def test_malformed_event_raises_value_error(data):
    with pytest.raises(ValueError, match="event"):
        events.event_from_dict(data)
