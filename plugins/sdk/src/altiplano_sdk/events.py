"""Numbered facts about a run, in the order they happened.

A valid stream is: ``run.started``, then any of the middle events, then exactly one terminal
event (``run.finished``, ``run.failed`` or ``run.cancelled``), which is always last. ``seq``
starts at 1 and grows by one. A ``citation.added`` names a chunk that an earlier
``passages.found`` held. ``answer.finished`` carries the whole text; the deltas before it add up
to it unless ``replaced`` is true. A ``tool.answered`` has the number of the ``tool.called``
before it.
"""

from dataclasses import asdict, dataclass, fields
from typing import Any, ClassVar


@dataclass(frozen=True, slots=True)
class RunEvent:
    type: ClassVar[str]
    terminal: ClassVar[bool] = False
    seq: int


@dataclass(frozen=True, slots=True)
class RunStarted(RunEvent):
    type: ClassVar[str] = "run.started"
    run_id: str


@dataclass(frozen=True, slots=True)
class StageStarted(RunEvent):
    type: ClassVar[str] = "stage.started"
    stage: int
    kind: str
    plugin: str


@dataclass(frozen=True, slots=True)
class StageFinished(RunEvent):
    """``ms`` is wall time; ``detail`` is what the trace shows (counts, scores, sentences)."""

    type: ClassVar[str] = "stage.finished"
    stage: int
    kind: str
    plugin: str
    ms: float
    detail: dict[str, Any]


@dataclass(frozen=True, slots=True)
class PassagesFound(RunEvent):
    """``passages`` are plain mappings with the fields of :class:`~altiplano_sdk.Passage`."""

    type: ClassVar[str] = "passages.found"
    passages: list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class ToolCalled(RunEvent):
    """The model wished a tool to be called; ``call`` counts from 1.

    ``arguments`` is empty where they could not be read, ``plugin`` where there is no such tool.
    """

    type: ClassVar[str] = "tool.called"
    call: int
    name: str
    plugin: str
    arguments: dict[str, Any]


@dataclass(frozen=True, slots=True)
class ToolAnswered(RunEvent):
    """``state`` is ``done``, ``failed``, ``refused`` (it was not run) or ``asks``: it was not run
    and waits for the person's yes. ``content`` is the beginning of what the model was told.
    """

    type: ClassVar[str] = "tool.answered"
    call: int
    state: str
    content: str


@dataclass(frozen=True, slots=True)
class AnswerDelta(RunEvent):
    type: ClassVar[str] = "answer.delta"
    text: str


@dataclass(frozen=True, slots=True)
class CitationAdded(RunEvent):
    """``start`` and ``end`` are offsets in the document's extracted text, of ``quote``."""

    type: ClassVar[str] = "citation.added"
    n: int
    chunk_id: int
    document_id: str
    document_name: str
    page: int
    start: int
    end: int
    quote: str
    answer_start: int
    answer_end: int


@dataclass(frozen=True, slots=True)
class AnswerFinished(RunEvent):
    type: ClassVar[str] = "answer.finished"
    text: str
    abstained: bool
    replaced: bool


@dataclass(frozen=True, slots=True)
class RunFinished(RunEvent):
    type: ClassVar[str] = "run.finished"
    terminal: ClassVar[bool] = True
    usage: dict[str, int]
    timings: dict[str, float]


@dataclass(frozen=True, slots=True)
class RunFailed(RunEvent):
    """``message`` says what happened and what the person can do; ``code`` is stable."""

    type: ClassVar[str] = "run.failed"
    terminal: ClassVar[bool] = True
    code: str
    message: str


@dataclass(frozen=True, slots=True)
class RunCancelled(RunEvent):
    type: ClassVar[str] = "run.cancelled"
    terminal: ClassVar[bool] = True


EVENT_TYPES: dict[str, type[RunEvent]] = {
    event.type: event
    for event in (
        RunStarted,
        StageStarted,
        StageFinished,
        PassagesFound,
        ToolCalled,
        ToolAnswered,
        AnswerDelta,
        CitationAdded,
        AnswerFinished,
        RunFinished,
        RunFailed,
        RunCancelled,
    )
}


def event_to_dict(event: RunEvent) -> dict[str, Any]:
    """The event's fields and its ``type``, ready for JSON."""
    return {"type": event.type, **asdict(event)}


def event_from_dict(data: dict[str, Any]) -> RunEvent:
    """The event that :func:`event_to_dict` was given.

    Raises ValueError for an unknown type or missing fields; unknown fields are ignored so that
    an older reader understands a newer writer.
    """
    kind = EVENT_TYPES.get(str(data.get("type")))
    if kind is None:
        raise ValueError(f"unknown run event type {data.get('type')!r}")
    names = {field.name for field in fields(kind)}
    try:
        return kind(**{name: value for name, value in data.items() if name in names})
    except TypeError as error:
        raise ValueError(f"malformed {kind.type} event") from error
