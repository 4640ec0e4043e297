from dataclasses import replace

import pytest

from altiplano_sdk.events import (
    AnswerDelta,
    AnswerFinished,
    CitationAdded,
    PassagesFound,
    RunCancelled,
    RunFailed,
    RunFinished,
    RunStarted,
    StageFinished,
    StageStarted,
)
from altiplano_sdk.testing.run_stream import assert_valid_run_stream

CITATION = CitationAdded(0, 1, 7, "d", "d.txt", 1, 10, 14, "text", 0, 4)
WHOLE = [
    RunStarted(0, "r"),
    StageStarted(0, 0, "retriever", "hybrid"),
    StageFinished(0, 0, "retriever", "hybrid", 1.0, {}),
    PassagesFound(0, [{"chunk_id": 7}]),
    AnswerDelta(0, "Six "),
    AnswerDelta(0, "months."),
    CITATION,
    AnswerFinished(0, "Six months.", abstained=False, replaced=False),
    RunFinished(0, {}, {}),
]


def numbered(events):
    return [replace(event, seq=number) for number, event in enumerate(events, start=1)]


def without(*positions):
    return [event for position, event in enumerate(WHOLE) if position not in positions]


def with_event(position, event):
    return [*WHOLE[:position], event, *WHOLE[position:]]


@pytest.mark.parametrize(
    "events",
    [
        WHOLE,
        [WHOLE[0], RunFailed(0, "code", "Message.")],
        [WHOLE[0], RunCancelled(0)],
        [*WHOLE[:2], RunCancelled(0)],
        [*WHOLE[:6], RunFailed(0, "code", "Message.")],
        [*WHOLE[:7], AnswerFinished(0, "Other.", abstained=True, replaced=True), WHOLE[8]],
    ],
)
def test_whole_streams_are_valid(events):
    assert_valid_run_stream(numbered(events))


@pytest.mark.parametrize(
    ("events", "what"),
    [
        ([], "at least"),
        (without(0), "first event"),
        (without(8), "not terminal"),
        (with_event(3, WHOLE[0]), "starts twice"),
        (with_event(3, RunCancelled(0)), "not the last"),
        (without(1), "but None was running"),
        (without(2), "did not"),
        (with_event(2, StageStarted(0, 1, "prompt", "cited")), "inside stage"),
        (without(3), "was not found"),
        (with_event(7, replace(CITATION, quote="other")), "as long as its span"),
        (with_event(7, replace(CITATION, start=14, quote="")), "is empty"),
        (with_event(7, replace(CITATION, answer_end=0)), "supports no text"),
        (with_event(7, replace(CITATION, answer_end=99)), "behind the answer"),
        (without(5), "do not add up"),
        (with_event(8, AnswerDelta(0, "")), "text after"),
        (with_event(8, WHOLE[7]), "finishes twice"),
        (without(7), "without an answer"),
    ],
)
def test_broken_stream_is_named(events, what):
    with pytest.raises(AssertionError, match=what):
        assert_valid_run_stream(numbered(events))


def test_gap_in_the_numbers_is_named():
    events = numbered(WHOLE)
    with pytest.raises(AssertionError, match="has seq 9, not 8"):
        assert_valid_run_stream([*events[:7], events[8]])
