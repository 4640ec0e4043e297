"""Reads the event streams of all open answers of this process with one XREAD.

A connection per open answer would be hundreds of connections; here one blocked command waits for
all of them, and a private *wake* stream ends its wait when another answer is opened. Nothing here
touches the database.
"""

import asyncio
import uuid
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Final, NoReturn

import redis.asyncio as redis
import structlog

from altiplano.runs.event_log import DATA_FIELD, TYPE_FIELD, stream_key
from altiplano.runs.stream_positions import Entry

log = structlog.get_logger(__name__)

BLOCK_MS: Final = 2_000
ENTRIES_PER_STREAM: Final = 200
BUSY_STREAMS: Final = 4
BUSY_PAUSE_SECONDS: Final = 0.008
"""After a reply of several streams: what comes meanwhile is read together."""
RETRY_SECONDS: Final = 0.25
MAX_PENDING: Final = 500
"""Entries kept for a reader that does not take them; beyond it, they stay in Redis."""
WAKE_SECONDS: Final = 60


class LiveReader:
    """One reader's place in one run's stream. ``seq`` is the last event it was given."""

    __slots__ = ("_hub", "_pending", "_ready", "is_attached", "key", "last_heard", "seq")

    def __init__(self, hub: "StreamHub", key: bytes, seq: int) -> None:
        self._hub = hub
        self._pending: list[Entry] = []
        self._ready = asyncio.Event()
        self.key = key
        self.seq = seq
        self.is_attached = False
        self.last_heard = asyncio.get_running_loop().time()

    def push(self, entries: list[Entry]) -> None:
        """Entries after ``seq`` are given to the reader; a reader that lags is let go."""
        fresh = [entry for entry in entries if entry.seq > self.seq]
        if not fresh:
            return
        self._pending.extend(fresh)
        self.seq = fresh[-1].seq
        self.last_heard = asyncio.get_running_loop().time()
        self._ready.set()
        if len(self._pending) > MAX_PENDING:
            self._hub.detach(self)

    async def take(self, seconds: float) -> list[Entry]:
        """All entries since the last call, waiting for the first one; empty after ``seconds``.

        The end of the wait is checked once a second for all readers, not by a timer for each.
        """
        if not self._pending:
            if not self.is_attached and not await self._attach():
                return []
            if self._pending:  # it had to catch up
                return self._give()
            self._ready.clear()
            self._hub.alarms[self] = asyncio.get_running_loop().time() + seconds
            try:
                await self._ready.wait()
            finally:
                self._hub.alarms.pop(self, None)
        return self._give()

    def _give(self) -> list[Entry]:
        entries, self._pending = self._pending, []
        return entries

    async def _attach(self) -> bool:
        try:
            await self._hub.attach(self)
        except (redis.RedisError, OSError) as error:
            log.warning("streams.read_delayed", error=type(error).__name__)
            await asyncio.sleep(RETRY_SECONDS)
            return False
        return True

    def ring(self) -> None:
        """The wait of :meth:`take` ends, with nothing if nothing came."""
        self._ready.set()


class StreamHub:
    """All open readers of one event loop. ``connect`` makes a client of so many connections."""

    def __init__(self, connect: Callable[[int], redis.Redis]) -> None:
        self._connect = connect
        self._readers: dict[bytes, set[LiveReader]] = {}
        self._positions: dict[bytes, int] = {}
        self._wake_key = f"altiplano:wake:{uuid.uuid4()}".encode()
        self._wake_id = b"0-0"
        self._wakes_wanted = 0
        self._wakes_sent = 0
        self._is_waking = False
        self._is_delayed = False
        self._tasks: list[asyncio.Task[None]] = []
        self._client: redis.Redis | None = None
        self.alarms: dict[LiveReader, float] = {}

    @property
    def client(self) -> redis.Redis:
        """For commands that do not block."""
        if self._client is None:
            self._client = self._connect(8)
        return self._client

    def reader(self, run_id: uuid.UUID | str, *, after: int) -> LiveReader:
        """A reader of the run's events after ``after``; it attaches with its first ``take``."""
        return LiveReader(self, stream_key(run_id).encode(), after)

    async def attach(self, reader: LiveReader) -> None:
        """What comes is pushed to the reader, without a gap to what it has.

        When others read the run already, the reader first catches up with them by itself.
        """
        self._start()
        while True:
            position = self._positions.get(reader.key)
            if position is None or position <= reader.seq:
                break
            entries = await self.read_after(reader.key, reader.seq)
            reader.push(entries)
            if not entries:
                break
        readers = self._readers.setdefault(reader.key, set())
        readers.add(reader)
        reader.is_attached = True
        if reader.key not in self._positions:
            self._positions[reader.key] = reader.seq
            await self._wake()

    def detach(self, reader: LiveReader) -> None:
        """Nothing is pushed to the reader any more. Detaching twice changes nothing."""
        reader.is_attached = False
        readers = self._readers.get(reader.key)
        if readers is None:
            return
        readers.discard(reader)
        if not readers:
            del self._readers[reader.key]
            del self._positions[reader.key]

    async def read_after(self, key: bytes, seq: int) -> list[Entry]:
        """Some of the entries after ``seq``, from the first on. Raises what Redis raises."""
        found: Any = await self.client.xrange(key, min=f"{seq + 1}-0", count=ENTRIES_PER_STREAM)
        return [
            Entry(entry_id, seq_of(entry_id), fields[TYPE_FIELD], fields[DATA_FIELD])
            for entry_id, fields in found
        ]

    async def close(self) -> None:
        """No task or connection of the hub is left."""
        tasks, self._tasks = self._tasks, []
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if self._client is not None:
            await self._client.aclose()
            self._client = None

    def _start(self) -> None:
        if not self._tasks:
            self._tasks = [
                asyncio.ensure_future(self._read_for_ever()),
                asyncio.ensure_future(self._ring_for_ever()),
            ]

    async def _wake(self) -> None:
        """The blocked XREAD returns, to be sent again with the new stream in it.

        Many answers opened at once share a wake; one that is opened while a wake is on its way
        may come too late for it, and gets the next.
        """
        self._wakes_wanted += 1
        if self._is_waking:
            return
        self._is_waking = True
        try:
            while self._wakes_sent < self._wakes_wanted:
                target = self._wakes_wanted
                pipe = self.client.pipeline(transaction=False)
                pipe.xadd(self._wake_key, {b"w": b""}, maxlen=1, approximate=False)
                pipe.expire(self._wake_key, WAKE_SECONDS)
                await pipe.execute()
                self._wakes_sent = target
        except (redis.RedisError, OSError) as error:
            log.warning("streams.wake_delayed", error=type(error).__name__)
        finally:
            self._is_waking = False

    async def _read_for_ever(self) -> None:
        client = self._connect(1)
        try:
            while True:
                try:
                    await self._read_while_connected(client)
                except (redis.RedisError, OSError) as error:
                    if not self._is_delayed:  # once per outage
                        log.warning("streams.read_delayed", error=type(error).__name__)
                    self._is_delayed = True
                    await asyncio.sleep(RETRY_SECONDS)
        finally:
            with suppress(redis.RedisError, OSError):
                await client.aclose()

    async def _read_while_connected(self, client: redis.Redis) -> NoReturn:
        """Commands go straight to one connection: this is the busiest command of the process."""
        connection: Any = await client.connection_pool.get_connection()  # type: ignore[no-untyped-call]
        try:
            while True:
                _heed_cancellation()
                keys = list(self._positions)
                ids = [b"%d-0" % self._positions[key] for key in keys]
                await connection.send_command(
                    "XREAD", "COUNT", ENTRIES_PER_STREAM, "BLOCK", BLOCK_MS, "STREAMS",
                    self._wake_key, *keys, self._wake_id, *ids, check_health=False,
                )  # fmt: skip
                streams = self._give_out(await connection.read_response())
                self._is_delayed = False
                await asyncio.sleep(BUSY_PAUSE_SECONDS if streams >= BUSY_STREAMS else 0)
        finally:
            # Perhaps in the middle of a reply: it is not to be used again.
            await connection.disconnect()
            await client.connection_pool.release(connection)

    def _give_out(self, reply: list[Any] | None) -> int:
        """The entries of a reply go to their readers; how many runs had something new."""
        for key, found in reply or ():
            if key == self._wake_key:
                self._wake_id = found[-1][0]
            elif key in self._positions:
                entries = [entry_of(entry_id, fields) for entry_id, fields in found]
                self._positions[key] = max(self._positions[key], entries[-1].seq)
                for reader in list(self._readers[key]):
                    reader.push(entries)
        return len(reply or ())

    async def _ring_for_ever(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(1)
            now = loop.time()
            for reader, due in list(self.alarms.items()):
                if now >= due:
                    reader.ring()


def _heed_cancellation() -> None:
    """Raises CancelledError in a task that was cancelled but did not notice: redis-py sends through
    ``asyncio.wait_for``, which before Python 3.12 swallows one that comes with its result.
    """
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError


def entry_of(entry_id: bytes, fields: list[bytes]) -> Entry:
    """``fields`` are names and values in turn, as Redis sends them."""
    named = dict(zip(fields[::2], fields[1::2], strict=True))
    return Entry(entry_id, seq_of(entry_id), named[TYPE_FIELD], named[DATA_FIELD])


def seq_of(entry_id: bytes) -> int:
    return int(entry_id.partition(b"-")[0])
