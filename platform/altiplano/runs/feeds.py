"""What one reader of one run is told, wherever it comes from: Redis, the database, or both.

The promise: events in order, none twice, none missing, and an end. Where Redis no longer has what
a reader needs, the reader is told so by one ``reset`` event that holds the run as the database
knows it; after it come no deltas (their beginning is lost), but the other events that are still
there and ``answer.finished`` with the whole text.
"""

import uuid
from collections.abc import AsyncGenerator, AsyncIterator
from dataclasses import dataclass, replace
from typing import Any, Final

import redis.asyncio as redis
import structlog
from django.utils.translation import gettext_lazy as _

from altiplano.kernel.database_threads import read_database
from altiplano.runs.event_log import encode_event, stream_key
from altiplano.runs.models import TERMINAL_STATES, Run
from altiplano.runs.queries import FinishedStream, finished_stream, show_run
from altiplano.runs.stream_positions import START, Entry, Position, Telling, format_position
from altiplano.runs.streams import LiveReader, StreamHub

log = structlog.get_logger(__name__)

LOOK_SECONDS: Final = 3.0
"""After so much silence the database is asked whether the run is over."""
HEARTBEAT_SECONDS: Final = 15.0
RESET: Final = b"reset"
DELTA: Final = b"answer.delta"

DELETED: Final = _("This answer was deleted.")

Batch = list[Entry]
"""Events that came together; empty for a heartbeat."""


async def follow_run(
    hub: StreamHub, run_id: uuid.UUID, *, after: Position = START, is_new: bool = False
) -> AsyncGenerator[Batch, None]:
    """Batches of the run's events after ``after``, the last of which ends with a terminal event.

    ``is_new``: the run was accepted just now, so its stream has no past to look at. The caller
    has checked that the reader may see the run.
    """
    feed = _Feed(hub, run_id, after)
    try:
        if not is_new:
            async for batch in feed.catch_up():
                yield batch
        while not feed.is_over:
            async for batch in feed.listen():
                yield batch
    finally:
        feed.close()


@dataclass(frozen=True, slots=True)
class _Snapshot:
    """The run as the database knows it. ``stream`` is None while it is under way."""

    shown: dict[str, Any]
    stream: FinishedStream | None


def _load(run_id: uuid.UUID) -> _Snapshot | None:
    """None when the run is gone: its app or its organization was deleted."""
    run = Run.unscoped.filter(id=run_id).first()
    if run is None:
        return None
    if run.state in TERMINAL_STATES:
        stream = finished_stream(run)
        return _Snapshot(stream.run, stream)
    return _Snapshot(show_run(run), None)


def _is_over(run_id: uuid.UUID) -> bool:
    """Also true of a run that is gone."""
    return not Run.unscoped.filter(id=run_id).exclude(state__in=TERMINAL_STATES).exists()


class _Feed:
    def __init__(self, hub: StreamHub, run_id: uuid.UUID, after: Position) -> None:
        self._hub = hub
        self._run_id = run_id
        self._key = stream_key(run_id).encode()
        self._after = after
        self._reader: LiveReader = hub.reader(run_id, after=after.seq)
        self._silence = 0.0
        self.is_over = False

    def close(self) -> None:
        self._hub.detach(self._reader)

    async def catch_up(self) -> AsyncIterator[Batch]:
        """Makes sure that ``after`` is a place in the stream, or tells the reader anew."""
        if self._after.telling is Telling.REPLAY:
            async for batch in self._replay():
                yield batch
            return
        if self._after.telling is Telling.RESET:
            return  # what is missing has been said to be missing
        expected = max(1, self._after.seq)
        try:
            entries = await self._hub.read_after(self._key, expected - 1)
        except (redis.RedisError, OSError) as error:
            log.warning("feeds.read_delayed", error=type(error).__name__)
            entries = []
        if entries and entries[0].seq == expected:
            # The rest is read by the hub, from the same place.
            self.is_over = entries[0].is_terminal and self._after.seq == expected
            return
        if not entries and self._after.seq == 0:
            # Not begun, or over and no longer in Redis.
            if await read_database(lambda: _is_over(self._run_id)):
                async for batch in self._replay():
                    yield batch
            return
        async for batch in self._start_anew():
            yield batch

    async def listen(self) -> AsyncIterator[Batch]:
        """The next batch; after silence perhaps a heartbeat, perhaps the end out of the database."""
        before = self._after.seq
        entries = await self._reader.take(LOOK_SECONDS)
        if not entries:
            async for batch in self._look():
                yield batch
            return
        self._silence = 0.0
        if self._after.telling is Telling.LIVE and not _is_unbroken(entries, before):
            async for batch in self._start_anew():
                yield batch
            return
        yield self._give(entries)

    def _give(self, entries: Batch) -> Batch:
        """The entries up to the terminal one, as this reader is to see them."""
        for index, entry in enumerate(entries):
            if entry.is_terminal:
                entries = entries[: index + 1]
                self.is_over = True
                break
        telling = self._after.telling
        self._after = Position(telling, entries[-1].seq)
        if telling is Telling.LIVE:
            return entries
        return [
            replace(entry, id=format_position(Position(telling, entry.seq)))
            for entry in entries
            if entry.type != DELTA
        ]

    async def _look(self) -> AsyncIterator[Batch]:
        """The worker is thinking, or is dead and the sweeper has ended the run without Redis."""
        self._silence += LOOK_SECONDS
        if await read_database(lambda: _is_over(self._run_id)):
            try:
                rest = await self._hub.read_after(self._key, self._after.seq)
            except (redis.RedisError, OSError):
                rest = []
            if rest and _is_unbroken(rest, self._after.seq) and rest[-1].is_terminal:
                yield self._give(rest)
                return
            async for batch in self._start_anew():
                yield batch
        elif self._silence >= HEARTBEAT_SECONDS:
            self._silence = 0.0
            yield []

    async def _start_anew(self) -> AsyncIterator[Batch]:
        """A ``reset`` with the run as it is, and the end if it is over."""
        snapshot = await read_database(lambda: _load(self._run_id))
        if snapshot is None:
            yield self._end_of_deleted()
            return
        if snapshot.stream is not None:
            self.is_over = True
            events = snapshot.stream.events
            yield [
                self._reset_entry(Position(Telling.REPLAY, len(events) - 1), snapshot.shown),
                _replayed(events[-1]),
            ]
            return
        self.close()
        before = await self._before_the_first()
        self._after = Position(Telling.RESET, before)
        self._reader = self._hub.reader(self._run_id, after=before)
        yield [self._reset_entry(self._after, snapshot.shown)]

    async def _before_the_first(self) -> int:
        """The place before all that Redis still has of the run."""
        try:
            entries = await self._hub.read_after(self._key, 0)
        except (redis.RedisError, OSError):
            return 0
        return entries[0].seq - 1 if entries else 0

    async def _replay(self) -> AsyncIterator[Batch]:
        """What is left of the database's telling."""
        snapshot = await read_database(lambda: _load(self._run_id))
        if snapshot is None:
            yield self._end_of_deleted()
            return
        events = snapshot.stream.events if snapshot.stream else []
        done = self._after.seq if self._after.telling is Telling.REPLAY else 0
        if done > len(events):  # an id that was never given out
            async for batch in self._start_anew():
                yield batch
            return
        self.is_over = True
        if events[done:]:
            yield [_replayed(event) for event in events[done:]]

    def _end_of_deleted(self) -> Batch:
        self.is_over = True
        event = {"type": "run.failed", "code": "run_deleted", "message": str(DELETED)}
        return [_replayed({**event, "seq": self._after.seq + 1})]

    def _reset_entry(self, position: Position, shown: dict[str, Any]) -> Entry:
        data = encode_event({"type": "reset", "run": shown})
        return Entry(format_position(position), position.seq, RESET, data)


def _replayed(event: dict[str, Any]) -> Entry:
    position = Position(Telling.REPLAY, event["seq"])
    return Entry(
        format_position(position), event["seq"], event["type"].encode(), encode_event(event)
    )


def _is_unbroken(entries: Batch, before: int) -> bool:
    """True when the entries follow ``before`` and each other without a gap."""
    return entries[0].seq == before + 1 and entries[-1].seq - before == len(entries)
