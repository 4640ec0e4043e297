"""What the worker writes about a run and what the portal reads are the same thing."""

import dataclasses

import orjson
from hypothesis import given
from hypothesis import strategies as st

from altiplano.config.celery import WAKING_TASKS
from altiplano.runs import event_log, feeds, jobs, stream_positions
from altiplano.runs.domain.sampling import DEFAULT_ANSWER_TOKENS
from altiplano.runs.streams import entry_of
from altiplano_sdk import events as sdk_events
from altiplano_worker.adapters import event_buffer, event_bus
from altiplano_worker.runtime.pipeline import PipelineSpec

VALUES = {
    int: st.integers(0, 10**6), float: st.floats(0, 10**6), str: st.text(max_size=20),
    bool: st.booleans(), "dict": st.dictionaries(st.text(max_size=5), st.integers(0, 9), max_size=3),
}  # fmt: skip


def an_event(kind):
    fields = {
        field.name: VALUES.get(
            {"int": int, "float": float, "str": str, "bool": bool}.get(str(field.type), field.type),
            VALUES["dict"] if "dict" in str(field.type) and "list" not in str(field.type)
            else st.just([]),
        )
        for field in dataclasses.fields(kind)
    }  # fmt: skip
    return st.builds(kind, **fields)


any_event = st.one_of([an_event(kind) for kind in sdk_events.EVENT_TYPES.values()])


@given(st.lists(any_event, min_size=1, max_size=8))
def test_events_written_by_a_worker_are_read_by_the_portal(said):
    buffer = event_buffer.EventBuffer(interval=0)
    for event in said:
        buffer.add(event)
    for frame in buffer.take(0.0, everything=True):
        entry = entry_of(
            b"%d-0" % frame.seq,
            [event_bus.TYPE_FIELD, frame.type.encode(), event_bus.DATA_FIELD, frame.data],
        )
        assert (entry.seq, entry.type.decode()) == (frame.seq, frame.type)
        event = sdk_events.event_from_dict(orjson.loads(entry.data))
        assert event.seq == frame.seq
        assert entry.is_terminal == event.terminal


def test_both_sides_name_the_fields_of_an_entry_alike():
    assert (event_bus.TYPE_FIELD, event_bus.DATA_FIELD) == (
        event_log.TYPE_FIELD, event_log.DATA_FIELD,
    )  # fmt: skip
    assert event_buffer.DELTA.encode() == feeds.DELTA == sdk_events.AnswerDelta.type.encode()


def test_the_portal_knows_every_terminal_event():
    terminal = {kind.type.encode() for kind in sdk_events.EVENT_TYPES.values() if kind.terminal}
    assert terminal == stream_positions.TERMINAL_TYPES


def test_one_message_wakes_the_workers_for_many_runs_only():
    assert {jobs.ExecuteRun.task} == WAKING_TASKS


def test_an_answer_is_as_long_as_the_worker_makes_it_by_default():
    assert PipelineSpec(stages=()).answer_tokens == DEFAULT_ANSWER_TOKENS
