"""Carries the events of all runs of a process into Redis Streams, one stream per run.

One loop for the whole process sends whatever is due in one round trip, instead of one per run and
word. Entry ids are ``{seq}-0``, so that an append repeated after a lost connection is refused by
Redis and not doubled. When Redis does not answer, events wait and join; the answer itself is
stored in the database by its run and does not depend on this.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import redis.asyncio as redis
import structlog

from altiplano_sdk.events import RunEvent
from altiplano_worker.adapters.connections import heed_cancellation
from altiplano_worker.adapters.event_buffer import EventBuffer, Frame

TYPE_FIELD: Final = b"t"
DATA_FIELD: Final = b"d"
INTERVAL_SECONDS: Final = 0.025
SPACING_SECONDS: Final = 0.005
"""Between two round trips: what becomes due meanwhile travels together."""
RETRY_SECONDS: Final = 0.25
CLOSE_SECONDS: Final = 2.0
"""How long the end of a run waits for its last event to be in Redis."""
GIVE_UP_SECONDS: Final = 30.0
STALE: Final = "equal or smaller"
"""Redis' word for an entry id that is there already."""

log = structlog.get_logger("altiplano.events")


class RunChannel:
    """The stream of one run. ``emit`` neither blocks nor raises; use it on the bus's loop."""

    __slots__ = ("_bus", "buffer", "expires_at", "is_new", "key", "sent")

    def __init__(self, bus: EventBus, key: str, buffer: EventBuffer) -> None:
        self._bus = bus
        self.key = key
        self.buffer = buffer
        self.is_new = True
        self.sent: asyncio.Future[None] | None = None
        self.expires_at = float("inf")

    @property
    def history(self) -> list[dict[str, Any]]:
        """All events so far but the text of deltas."""
        return self.buffer.history

    def emit(self, event: RunEvent) -> None:
        """The event is on its way."""
        self.buffer.add(event)
        self._bus.notice(self)

    async def close(self, terminal: RunEvent) -> bool:
        """The stream ends with ``terminal``; False when Redis did not take it in time.

        Delivery is tried for some more time in the background.
        """
        loop = asyncio.get_running_loop()
        self.sent = loop.create_future()
        self.expires_at = loop.time() + GIVE_UP_SECONDS
        self.emit(terminal)
        try:
            async with asyncio.timeout(CLOSE_SECONDS):
                await asyncio.shield(self.sent)
        except TimeoutError:
            return False
        return True


@dataclass(frozen=True, slots=True)
class _Parcel:
    """Frames of one run on their way. ``is_last``: the terminal event is among them."""

    channel: RunChannel
    frames: list[Frame]
    is_last: bool


class EventBus:
    """Belongs to the event loop of its first channel. ``key_for`` names the stream of a run."""

    def __init__(
        self,
        client: redis.Redis,
        *,
        key_for: Callable[[str], str],
        keep_seconds: int,
        max_entries: int,
    ) -> None:
        self._client = client
        self._key_for = key_for
        self._keep_seconds = keep_seconds
        self._max_entries = max_entries
        self._dirty: dict[RunChannel, None] = {}
        self._wake = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._is_delayed = False

    def open(self, run_id: str) -> RunChannel:
        """A channel whose events will be in the run's stream."""
        if self._task is None or self._task.done():
            self._task = asyncio.get_running_loop().create_task(self._send_forever())
        buffer = EventBuffer(interval=INTERVAL_SECONDS)
        return RunChannel(self, self._key_for(run_id), buffer)

    def notice(self, channel: RunChannel) -> None:
        """``channel`` has something to send."""
        if channel not in self._dirty:
            self._dirty[channel] = None
            self._wake.set()

    def drop(self, channel: RunChannel) -> None:
        """Nothing of the channel is sent any more; for a run that another worker has taken."""
        self._dirty.pop(channel, None)

    async def close(self) -> None:
        """The loop has ended; what could not be sent so far is dropped."""
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
        await self._client.aclose()

    async def _send_forever(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            heed_cancellation()
            await self._wake.wait()
            batch = self._take_due(loop.time())
            if not batch:
                self._wake.clear() if not self._dirty else await asyncio.sleep(SPACING_SECONDS)
                continue
            if await self._send(batch):
                await asyncio.sleep(SPACING_SECONDS)
            else:
                self._put_back(batch, loop.time())
                await asyncio.sleep(RETRY_SECONDS)

    def _take_due(self, now: float) -> list[_Parcel]:
        batch: list[_Parcel] = []
        for channel in list(self._dirty):
            buffer = channel.buffer
            frames = buffer.take(now, everything=channel.sent is not None)
            if frames:
                batch.append(_Parcel(channel, frames, is_last=channel.sent is not None))
            if buffer.due_at() is None:
                del self._dirty[channel]
        return batch

    def _put_back(self, batch: list[_Parcel], now: float) -> None:
        for parcel in batch:
            channel = parcel.channel
            if now > channel.expires_at:
                log.warning("events_lost", stream=channel.key, events=len(parcel.frames))
                self._dirty.pop(channel, None)
                continue
            channel.buffer.put_back(parcel.frames)
            self._dirty[channel] = None

    async def _send(self, batch: list[_Parcel]) -> bool:
        """True when Redis has all of the batch, or will never take it."""
        pipe = self._client.pipeline(transaction=False)
        for parcel in batch:
            key = parcel.channel.key
            for frame in parcel.frames:
                pipe.execute_command(
                    "XADD", key, "MAXLEN", "~", self._max_entries, f"{frame.seq}-0",
                    TYPE_FIELD, frame.type, DATA_FIELD, frame.data,
                )  # fmt: skip
            if parcel.channel.is_new or parcel.is_last:
                pipe.execute_command("EXPIRE", key, self._keep_seconds)
        try:
            results = await pipe.execute(raise_on_error=False)
        except (redis.RedisError, OSError) as error:
            self._say_delayed(error)
            return False
        for result in results:
            if isinstance(result, Exception) and STALE not in str(result):
                self._say_delayed(result)
                return False
        self._is_delayed = False
        for parcel in batch:
            parcel.channel.is_new = False
            sent = parcel.channel.sent
            if parcel.is_last and sent is not None and not sent.done():
                sent.set_result(None)
        return True

    def _say_delayed(self, error: Exception) -> None:
        """Once per outage, not once per try."""
        if not self._is_delayed:
            self._is_delayed = True
            log.warning("events_delayed", error=type(error).__name__)
