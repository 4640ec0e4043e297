"""Events on their way out: joined, numbered, never lost, whatever the timing."""

import orjson
from hypothesis import given
from hypothesis import strategies as st

from altiplano_sdk.events import (
    AnswerDelta,
    AnswerFinished,
    RunFinished,
    RunStarted,
    StageStarted,
)
from altiplano_worker.adapters.event_buffer import EventBuffer

INTERVAL = 0.025


def texts_of(frames):
    return [orjson.loads(frame.data)["text"] for frame in frames if frame.type == "answer.delta"]


def test_first_delta_leaves_at_once_and_the_next_ones_together():
    buffer = EventBuffer(interval=INTERVAL)
    buffer.add(AnswerDelta(1, "a"))
    assert texts_of(buffer.take(10.0)) == ["a"]
    buffer.add(AnswerDelta(2, "b"))
    buffer.add(AnswerDelta(3, "c"))
    assert buffer.take(10.01) == []
    assert buffer.due_at() == 10.0 + INTERVAL
    assert texts_of(buffer.take(10.03)) == ["bc"]
    assert buffer.due_at() is None


def test_other_events_leave_at_once_after_the_text_before_them():
    buffer = EventBuffer(interval=INTERVAL)
    buffer.add(AnswerDelta(1, "a"))
    buffer.take(0.0)
    buffer.add(AnswerDelta(2, "b"))
    buffer.add(AnswerFinished(3, "ab", abstained=False, replaced=False))
    assert [frame.type for frame in buffer.take(0.001)] == ["answer.delta", "answer.finished"]


def test_history_marks_where_the_text_began_and_keeps_the_rest():
    buffer = EventBuffer(interval=INTERVAL)
    for event in (
        RunStarted(1, "r"),
        AnswerDelta(2, "a"),
        StageStarted(3, 0, "generator", "g"),
        AnswerDelta(4, "b"),
        AnswerFinished(5, "ab", abstained=False, replaced=False),
    ):
        buffer.add(event)
    buffer.take(0.0)
    assert [event["type"] for event in buffer.history] == [
        "run.started", "answer.delta", "stage.started", "answer.finished",
    ]  # fmt: skip
    assert "text" not in buffer.history[1]


steps = st.lists(
    st.one_of(
        st.text(max_size=5).map(lambda text: ("delta", text)),
        st.just(("stage", "")),
        st.floats(0, 0.1).map(lambda pause: ("take", pause)),
        st.floats(0, 0.1).map(lambda pause: ("fail", pause)),
    ),
    max_size=60,
)


@given(steps)
def test_events_add_up_for_any_timing_and_any_failed_sending(script):
    buffer = EventBuffer(interval=INTERVAL)
    now, said, sent = 0.0, "", []
    for action, value in script:
        if action == "delta":
            buffer.add(AnswerDelta(0, value))
            said += value
        elif action == "stage":
            buffer.add(StageStarted(0, 1, "prompt", "p"))
        else:
            now += value
            frames = buffer.take(now)
            if action == "fail":
                buffer.put_back(frames)
            else:
                sent += frames
    buffer.add(RunFinished(0, {}, {}))
    sent += buffer.take(now, everything=True)
    assert "".join(texts_of(sent)) == said
    assert [frame.seq for frame in sent] == list(range(1, len(sent) + 1))
    assert [orjson.loads(frame.data)["seq"] for frame in sent] == [frame.seq for frame in sent]
    assert sum(frame.type == "stage.started" for frame in sent) == sum(
        action == "stage" for action, _ in script
    )
    assert sent[-1].type == "run.finished"
    assert buffer.due_at() is None


@given(st.lists(st.floats(0.0001, 0.01), min_size=50, max_size=200))
def test_a_fast_model_sends_forty_updates_a_second_at_most(pauses):
    buffer = EventBuffer(interval=INTERVAL)
    now, updates = 0.0, 0
    for pause in pauses:
        buffer.add(AnswerDelta(0, "x"))
        now += pause
        updates += len(buffer.take(now))
    assert updates <= 2 + now / INTERVAL
