"""Who reads a run, so that a run nobody waits for stops costing its engine.

The first reader is in the process that accepted the run, which is all that most runs ever need to
know. Later readers may be in any process; they are counted in Redis. Without Redis nobody is
cancelled.
"""

import asyncio
import uuid
from collections import Counter
from typing import Any

import redis.asyncio as redis
import structlog
from asgiref.sync import sync_to_async

from altiplano.kernel.database_threads import write_database
from altiplano.runs.domain.cancelling import RunIsOverError, cancel_run
from altiplano.runs.event_log import KEEP_SECONDS, announce_cancel
from altiplano.runs.models import Run

log = structlog.get_logger(__name__)

announce = sync_to_async(announce_cancel, thread_sensitive=False)


def readers_key(run_id: uuid.UUID) -> str:
    return f"altiplano:run:{run_id}:readers"


class Presence:
    """The readers of one event loop. Cancelling happens in tasks that :meth:`close` waits for."""

    def __init__(self, client: redis.Redis) -> None:
        self._client = client
        self._readers: Counter[uuid.UUID] = Counter()
        self._leaving: set[asyncio.Task[None]] = set()

    def arrive(self, run_id: uuid.UUID, *, is_first: bool) -> None:
        """One more reader of this process. The first one of a run is counted here only."""
        self._readers[run_id] += 1
        if not is_first:
            self._spawn(self._count(run_id, 1))

    def leave(self, run_id: uuid.UUID, *, is_first: bool, is_over: bool, grace: float) -> None:
        """One reader fewer. A run that is not over is cancelled if nobody reads it after ``grace``."""
        self._readers[run_id] -= 1
        if self._readers[run_id] <= 0:
            del self._readers[run_id]
        if not (is_first and is_over):
            self._spawn(self._see_off(run_id, is_first=is_first, is_over=is_over, grace=grace))

    async def close(self) -> None:
        """Everything that leaving readers have set off is done, and no connection is open."""
        while self._leaving:
            await asyncio.gather(*self._leaving, return_exceptions=True)
        await self._client.aclose()

    def _spawn(self, work: Any) -> None:
        task = asyncio.ensure_future(work)
        self._leaving.add(task)
        task.add_done_callback(self._leaving.discard)

    async def _see_off(
        self, run_id: uuid.UUID, *, is_first: bool, is_over: bool, grace: float
    ) -> None:
        if not is_first:
            await self._count(run_id, -1)
        if is_over:
            return
        await asyncio.sleep(grace)
        if run_id in self._readers or await self._is_read_elsewhere(run_id):
            return
        log.info("run.abandoned", run=str(run_id))
        await stop_run(run_id)

    async def _count(self, run_id: uuid.UUID, change: int) -> None:
        key = readers_key(run_id)
        pipe = self._client.pipeline(transaction=False)
        pipe.incrby(key, change)
        pipe.expire(key, KEEP_SECONDS)
        try:
            await pipe.execute()
        except (redis.RedisError, OSError) as error:
            log.warning("presence.not_counted", error=type(error).__name__)

    async def _is_read_elsewhere(self, run_id: uuid.UUID) -> bool:
        try:
            count: Any = await self._client.get(readers_key(run_id))
        except (redis.RedisError, OSError):
            return True
        return int(count or 0) > 0


async def stop_run(run_id: uuid.UUID) -> Run | None:
    """The run is cancelled and whoever needs to know was told; None when it was over already."""

    def cancel() -> Run | None:
        try:
            return cancel_run(Run.unscoped.get(id=run_id))
        except (RunIsOverError, Run.DoesNotExist):
            return None

    run = await write_database(cancel)
    if run is not None:
        await announce(run.id, run.state)
    return run
