"""The events of one run on their way out: numbered, and their deltas joined. Sans I/O.

A model may write a hundred words a second. The first one leaves at once; after it whatever came
within ``interval`` leaves together, so that a reader sees forty updates a second at most and the
platform carries a fraction of the messages. While nothing can be sent, everything joins.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import orjson

from altiplano_sdk.events import AnswerDelta, RunEvent, event_to_dict

DELTA = AnswerDelta.type


@dataclass(frozen=True, slots=True)
class Frame:
    """One event as it goes over the wire. ``data`` is its JSON, ``seq`` its place from 1."""

    seq: int
    type: str
    data: bytes


class EventBuffer:
    """Numbers are given when an event leaves, because joined deltas are one event.

    ``history`` is what late readers get: all events but the text of deltas, which is in the
    answer; the first delta marks where the text began.
    """

    __slots__ = ("_due", "_frames", "_has_text", "_interval", "_seq", "_text", "history")

    def __init__(self, *, interval: float) -> None:
        self._interval = interval
        self._seq = 0
        self._frames: list[Frame] = []
        self._text: list[str] = []
        self._due = float("-inf")
        self._has_text = False
        self.history: list[dict[str, Any]] = []

    def add(self, event: RunEvent) -> None:
        """The event will leave after all that were added before it."""
        if isinstance(event, AnswerDelta):
            self._text.append(event.text)
            return
        self._seal_text()
        self._seal(event.type, event_to_dict(event))

    def due_at(self) -> float | None:
        """When :meth:`take` has something to give: a time, at once (minus infinity), or never."""
        if self._frames:
            return float("-inf")
        return self._due if self._text else None

    def take(self, now: float, *, everything: bool = False) -> list[Frame]:
        """What is to be sent at the time ``now``, in order."""
        if self._text and (everything or self._frames or now >= self._due):
            self._seal_text()
            self._due = now + self._interval
        frames, self._frames = self._frames, []
        return frames

    def put_back(self, frames: list[Frame]) -> None:
        """``frames`` were taken last but could not be sent; they come first the next time."""
        self._frames = frames + self._frames

    def _seal_text(self) -> None:
        if self._text:
            self._seal(DELTA, {"type": DELTA, "text": "".join(self._text)})
            self._text.clear()

    def _seal(self, kind: str, fields: dict[str, Any]) -> None:
        self._seq += 1
        fields["seq"] = self._seq
        self._frames.append(Frame(self._seq, kind, orjson.dumps(fields)))
        if kind != DELTA:
            self.history.append(fields)
        elif not self._has_text:
            self._has_text = True
            self.history.append({"type": DELTA, "seq": self._seq})
