"""What goes into a run and what comes out of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import altiplano_sdk as sdk
from altiplano_sdk.events import (
    CitationAdded,
    RunCancelled,
    RunEvent,
    RunFailed,
    RunFinished,
)


@dataclass(frozen=True, slots=True)
class WaitingCall:
    """A call of a tool that cannot be undone, and waits for the yes of the person who asked.

    ``messages`` are the turns of the model and of its tools up to the wish, without the prompt.
    """

    wish: sdk.ToolCall
    plugin: str
    arguments: Mapping[str, Any]
    messages: tuple[sdk.ChatMessage, ...]


@dataclass(frozen=True, slots=True)
class Decision:
    """What the person said to a waiting call: the run goes on where it was left."""

    wish: sdk.ToolCall
    messages: tuple[sdk.ChatMessage, ...]
    is_yes: bool


@dataclass(frozen=True, slots=True)
class RunInput:
    """``rights`` are those of whoever asks: tools reach no further. ``decision`` goes on with a run
    that waited.
    """

    run_id: str
    query: sdk.Query
    rights: frozenset[str] = frozenset()
    decision: Decision | None = None


@dataclass(frozen=True, slots=True)
class RunLimits:
    """What a run may use at most, whatever its pipeline says."""

    seconds: float = 600.0
    answer_tokens: int = 4096
    answer_characters: int = 100_000


@dataclass(frozen=True, slots=True)
class RunOutcome:
    """All that is stored of a run before its terminal event is sent.

    ``answer`` is the whole text when ``state`` is ``finished``, else what had been streamed.
    ``replaced`` says that it is not what was streamed. ``passages`` are those that were found,
    best first; ``citations`` are empty when ``abstained``. ``usage`` counts what engines told;
    ``usage_known`` is false when one told nothing. ``code`` and ``message`` are set when the run
    failed, and ``code`` is ``blocked`` when a guard ended it. ``next_seq`` numbers the terminal
    event. ``prompt`` is what the model was sent. With ``waiting``, ``code`` is ``needs_yes`` and the
    answer says what is waited for.
    """

    state: Literal["finished", "failed", "cancelled"]
    answer: str
    abstained: bool
    replaced: bool
    passages: tuple[sdk.Passage, ...]
    citations: tuple[CitationAdded, ...]
    usage: sdk.Usage
    usage_known: bool
    timings: dict[str, float]
    next_seq: int
    trace: list[dict[str, Any]] = field(default_factory=list)
    prompt: tuple[sdk.ChatMessage, ...] = ()
    code: str = ""
    message: str = ""
    waiting: WaitingCall | None = None


def terminal_event(outcome: RunOutcome, seq: int | None = None) -> RunEvent:
    """The event that ends the run's stream; send it once the outcome is stored."""
    number = outcome.next_seq if seq is None else seq
    if outcome.state == "failed":
        return RunFailed(seq=number, code=outcome.code, message=outcome.message)
    if outcome.state == "cancelled":
        return RunCancelled(seq=number)
    usage = {
        "prompt_tokens": outcome.usage.prompt_tokens,
        "completion_tokens": outcome.usage.completion_tokens,
    }
    return RunFinished(seq=number, usage=usage, timings=dict(outcome.timings))
