"""All runs that this process answers at the moment, on its one event loop."""

import asyncio
import contextlib
import uuid
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Final

import structlog
from django.conf import settings
from django.db import OperationalError

from altiplano.kernel.database_threads import write_database
from altiplano.kernel.jobs import JobClaim, LostClaimError
from altiplano.runs import event_log
from altiplano.runs.domain.execution import (
    LeaseReport,
    RunWork,
    StoredOutcome,
    begin_run,
    renew_leases,
    store_outcome,
)
from altiplano_worker.adapters.connections import connect_redis
from altiplano_worker.adapters.engine import EngineClient
from altiplano_worker.adapters.event_bus import EventBus, RunChannel
from altiplano_worker.adapters.run_control import follow_control
from altiplano_worker.runtime.outcome import RunOutcome, terminal_event
from altiplano_worker.tasks.run_answering import answer_question

log = structlog.get_logger(__name__)

CROWDED: Final = 0.75
"""The share of taken slots above which organizations take turns."""
RENEWALS_PER_LEASE: Final = 4
STORE_PAUSES: Final = (0.2, 1.0, 5.0)

Answer = Callable[[RunWork, RunChannel, EngineClient], Awaitable[RunOutcome]]


@dataclass(slots=True)
class _ActiveRun:
    claim: JobClaim
    task: asyncio.Task[RunOutcome]
    is_lost: bool = False


class RunProcess:
    """One per process and event loop; everything in it is made on first use."""

    def __init__(self, *, answer: Answer = answer_question) -> None:
        self._answer = answer
        self._active: dict[uuid.UUID, _ActiveRun] = {}
        self._engines = EngineClient()
        self._bus: EventBus | None = None
        self._background: list[asyncio.Task[None]] = []

    async def execute(self, job_id: uuid.UUID) -> None:
        """The run is answered, stored and told to its readers, or was not ours to answer."""
        bus = self._start()
        fair = len(self._active) > CROWDED * settings.RUN_SLOTS
        work = await write_database(lambda: begin_run(job_id, fair=fair))
        if work is None:
            return
        channel = bus.open(str(work.run_id))
        active = _ActiveRun(
            work.claim, asyncio.ensure_future(self._answer(work, channel, self._engines))
        )
        self._active[work.run_id] = active
        try:
            outcome = await active.task
        finally:
            del self._active[work.run_id]
        if active.is_lost:
            bus.drop(channel)
            return
        await self._finish(work, channel, outcome)

    async def _finish(self, work: RunWork, channel: RunChannel, outcome: RunOutcome) -> None:
        """Stored first, told afterwards: whoever reads the last event finds the answer."""
        terminal = terminal_event(outcome)
        stored = stored_outcome(outcome, channel.history)
        try:
            await self._store(work, stored)
        except LostClaimError:
            log.warning("run.claim_lost", run=str(work.run_id))
            return
        if not await channel.close(terminal):
            log.warning("run.terminal_event_delayed", run=str(work.run_id))

    async def _store(self, work: RunWork, stored: StoredOutcome) -> None:
        """An answer that was streamed is worth waiting for a database that is busy or away."""
        for pause in STORE_PAUSES:
            try:
                await write_database(lambda: store_outcome(work.claim, stored))
            except OperationalError as error:
                log.warning("run.store_delayed", run=str(work.run_id), error=str(error)[:200])
                await asyncio.sleep(pause)
            else:
                return
        await write_database(lambda: store_outcome(work.claim, stored))

    def cancel(self, run_id: str) -> None:
        """The run, if it is ours, stops; its engine connection closes."""
        with contextlib.suppress(ValueError):
            active = self._active.get(uuid.UUID(run_id))
            if active is not None:
                active.task.cancel()

    async def renew_leases(self) -> None:
        """The leases of all active runs run anew; those that are lost or cancelled stop."""
        claims = [active.claim for active in self._active.values()]
        if not claims:
            return
        report: LeaseReport = await write_database(lambda: renew_leases(claims))
        for run_id in report.lost | report.cancelled:
            active = self._active.get(run_id)
            if active is not None:
                active.is_lost = run_id in report.lost
                active.task.cancel()

    async def close(self) -> None:
        """Nothing of this process runs any more on the loop."""
        tasks = [*self._background, *(active.task for active in self._active.values())]
        self._background = []
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        bus, self._bus = self._bus, None
        if bus is not None:
            await bus.close()
        await self._engines.close()

    def _start(self) -> EventBus:
        if self._bus is None:
            self._bus = EventBus(
                connect_redis(settings.REDIS_URL, connections=2),
                key_for=event_log.stream_key,
                keep_seconds=event_log.KEEP_SECONDS + settings.RUN_SECONDS,
                max_entries=event_log.MAX_ENTRIES,
            )
            self._background = [
                asyncio.ensure_future(self._follow_control()),
                asyncio.ensure_future(self._renew_for_ever()),
            ]
        return self._bus

    async def _follow_control(self) -> None:
        client = connect_redis(settings.REDIS_URL, connections=1)
        try:
            await follow_control(client, event_log.CONTROL_KEY, self.cancel)
        finally:
            await client.aclose()

    async def _renew_for_ever(self) -> None:
        while True:
            await asyncio.sleep(settings.JOB_LEASE_SECONDS / RENEWALS_PER_LEASE)
            try:
                await self.renew_leases()
            except Exception as error:  # noqa: BLE001 - the database may be away for a moment
                log.warning("run.leases_not_renewed", error=type(error).__name__)


def stored_outcome(outcome: RunOutcome, history: list[dict[str, Any]]) -> StoredOutcome:
    """What the portal keeps of an outcome. A failure without a sentence gets one."""
    message = outcome.message
    if outcome.state == "failed" and not message:
        message = "The answer failed. Please try again."
    return StoredOutcome(
        state=outcome.state,
        answer=outcome.answer,
        abstained=outcome.abstained,
        citations=outcome.citations,
        prompt_tokens=outcome.usage.prompt_tokens,
        completion_tokens=outcome.usage.completion_tokens,
        timings=outcome.timings,
        events=history,
        code=outcome.code,
        message=message,
    )
