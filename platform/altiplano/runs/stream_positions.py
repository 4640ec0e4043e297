"""Where a reader is in a run's stream. Pure; the ids a browser sends back are parsed here."""

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from django.utils.translation import gettext_lazy as _

from altiplano.kernel.errors import InvalidInputError

_ID: Final = re.compile(r"([0-9]{1,15})-([0-9]{1,15})")

TERMINAL_TYPES: Final = frozenset({b"run.finished", b"run.failed", b"run.cancelled"})


class Telling(StrEnum):
    """How the reader was told of the run so far."""

    LIVE = "live"
    """Word by word, from the stream."""
    RESET = "reset"
    """From the stream after a ``reset``: without deltas, because the first ones are missing."""
    REPLAY = "replay"
    """From the database, after the run was over."""


@dataclass(frozen=True, slots=True)
class Position:
    """After the event ``seq`` of that telling; 0 is before the first."""

    telling: Telling
    seq: int


START: Final = Position(Telling.LIVE, 0)


def parse_position(raw: str) -> Position:
    """The position a ``Last-Event-ID`` names. Raises InvalidInputError for anything else.

    ``seq-0`` is the id of a Redis entry; ``seq-1`` and ``0-seq`` are ids that no entry has.
    """
    match = _ID.fullmatch(raw)
    if match is not None:
        left, right = int(match[1]), int(match[2])
        if right == 0:
            return Position(Telling.LIVE, left)
        if left == 0:
            return Position(Telling.REPLAY, right)
        if right == 1:
            return Position(Telling.RESET, left)
    raise InvalidInputError(
        _("The Last-Event-ID is none of this platform's."), code="event_id_malformed"
    )


def format_position(position: Position) -> bytes:
    """The id that :func:`parse_position` reads."""
    if position.telling is Telling.REPLAY:
        return b"0-%d" % position.seq
    return b"%d-%d" % (position.seq, position.telling is Telling.RESET)


@dataclass(frozen=True, slots=True)
class Entry:
    """One event as it is relayed: ``data`` is its JSON, untouched since the worker wrote it."""

    id: bytes
    seq: int
    type: bytes
    data: bytes

    @property
    def is_terminal(self) -> bool:
        return self.type in TERMINAL_TYPES
