"""Whether a run's events are a valid stream, as :mod:`altiplano_sdk.events` defines it."""

from collections.abc import Sequence

from altiplano_sdk.events import (
    AnswerDelta,
    AnswerFinished,
    CitationAdded,
    PassagesFound,
    RunEvent,
    RunFinished,
    RunStarted,
    StageFinished,
    StageStarted,
    ToolAnswered,
    ToolCalled,
)


def assert_valid_run_stream(events: Sequence[RunEvent]) -> None:
    """Passes for a whole, valid stream; else an AssertionError names the first thing wrong."""
    assert events, "a stream holds at least its first and its last event"
    _check_numbers(events)
    _check_frame(events)
    _check_stages(events)
    _check_tools(events)
    _check_citations(events)
    _check_answer(events)


def _check_numbers(events: Sequence[RunEvent]) -> None:
    for expected, event in enumerate(events, start=1):
        assert event.seq == expected, f"{event.type} has seq {event.seq}, not {expected}"


def _check_frame(events: Sequence[RunEvent]) -> None:
    assert isinstance(events[0], RunStarted), f"the first event is {events[0].type}"
    assert events[-1].terminal, f"the last event, {events[-1].type}, is not terminal"
    for event in events[1:-1]:
        assert not isinstance(event, RunStarted), "the run starts twice"
        assert not event.terminal, f"{event.type} is terminal and not the last event"


def _check_stages(events: Sequence[RunEvent]) -> None:
    """One stage at a time, and each that finishes had started."""
    running: tuple[int, str, str] | None = None
    for event in events:
        if isinstance(event, StageStarted):
            assert running is None, f"stage {event.stage} starts inside stage {running}"
            running = (event.stage, event.kind, event.plugin)
        elif isinstance(event, StageFinished):
            finished = (event.stage, event.kind, event.plugin)
            assert running == finished, f"stage {finished} finishes, but {running} was running"
            assert event.ms >= 0, "a stage took less than no time"
            running = None
    if isinstance(events[-1], RunFinished):
        assert running is None, f"the run finished, but stage {running} did not"


def _check_tools(events: Sequence[RunEvent]) -> None:
    """One call at a time, counted from 1, and none left open by a run that finished."""
    called, open_call = 0, 0
    for event in events:
        if isinstance(event, ToolCalled):
            assert not open_call, f"call {event.call} begins inside call {open_call}"
            assert event.call == called + 1, f"call {event.call} comes after call {called}"
            called = open_call = event.call
        elif isinstance(event, ToolAnswered):
            assert event.call == open_call, f"call {event.call} is answered, but was not open"
            assert event.state in {"done", "failed", "refused", "asks"}
            open_call = 0
    if isinstance(events[-1], RunFinished):
        assert not open_call, f"the run finished, but call {open_call} did not"


def _check_citations(events: Sequence[RunEvent]) -> None:
    found: set[int] = set()
    for event in events:
        if isinstance(event, PassagesFound):
            found.update(int(passage["chunk_id"]) for passage in event.passages)
        elif isinstance(event, CitationAdded):
            assert event.chunk_id in found, f"chunk {event.chunk_id} is cited but was not found"
            assert 0 <= event.start < event.end, "a citation is empty or begins before its text"
            assert len(event.quote) == event.end - event.start, "a quote is not as long as its span"
            assert 0 <= event.answer_start < event.answer_end, "a citation supports no text"


def _check_answer(events: Sequence[RunEvent]) -> None:
    answers = [event for event in events if isinstance(event, AnswerFinished)]
    assert len(answers) <= 1, "the answer finishes twice"
    if isinstance(events[-1], RunFinished):
        assert answers, "the run finished without an answer"
    if not answers:
        return
    answer = answers[0]
    after = events[events.index(answer) + 1 :]
    assert not any(isinstance(event, AnswerDelta) for event in after), "text after the answer"
    streamed = "".join(event.text for event in events if isinstance(event, AnswerDelta))
    if not answer.replaced:
        assert streamed == answer.text, "the deltas do not add up to the answer"
    for event in events:
        if isinstance(event, CitationAdded):
            assert event.answer_end <= len(answer.text), "a citation points behind the answer"
