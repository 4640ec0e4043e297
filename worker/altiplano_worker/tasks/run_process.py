"""All runs that this process answers at the moment, on its one event loop."""

import asyncio
import contextlib
import sys
import uuid
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass, replace
from typing import Any, Final

import structlog
from django.conf import settings
from django.db import OperationalError

from altiplano.kernel.database_threads import write_database, write_database_together
from altiplano.kernel.job_context import logged_as
from altiplano.kernel.jobs import JobClaim
from altiplano.runs import event_log
from altiplano.runs.domain.evaluating import evaluators_of, hand_out_evaluation
from altiplano.runs.domain.execution import (
    LeaseReport,
    RunWork,
    StoredOutcome,
    begin_runs,
    renew_leases,
    store_outcomes,
)
from altiplano_worker.adapters.connections import connect_redis
from altiplano_worker.adapters.engine import EngineClient
from altiplano_worker.adapters.event_bus import EventBus, RunChannel
from altiplano_worker.adapters.run_control import follow_control
from altiplano_worker.runtime.outcome import RunOutcome, terminal_event
from altiplano_worker.tasks.package_indexes import package_indexes
from altiplano_worker.tasks.plugin_host import plugin_host
from altiplano_worker.tasks.run_answering import answer_question
from altiplano_worker.tasks.run_decisions import stored_waiting

log = structlog.get_logger(__name__)

BATCH: Final = 64
"""Runs that are begun in one transaction."""
SWITCH_SECONDS: Final = 0.0005
RENEWALS_PER_LEASE: Final = 4
STORE_PAUSES: Final = (0.2, 1.0, 5.0)
CANNOT_BE_STORED: Final = "The answer could not be stored. Please try again."

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
        self._background: set[asyncio.Task[None]] = set()
        self._is_claiming = False
        self._is_asked_again = False
        self._is_full = False

    async def take_runs(self) -> None:
        """Runs that wait are begun as far as there is room; returns when those are over.

        Asking while this process claims already makes it look once more.
        """
        bus = self._start()
        if self._is_claiming:
            self._is_asked_again = True
            return
        self._is_claiming = True
        answering: list[asyncio.Task[None]] = []
        try:
            while await self._begin_some(bus, answering) or self._is_asked_again:
                pass
        finally:
            self._is_claiming = False
        await asyncio.gather(*answering)

    async def _begin_some(self, bus: EventBus, answering: list[asyncio.Task[None]]) -> bool:
        """True when there may be more to begin."""
        self._is_asked_again = False
        room = min(BATCH, settings.RUN_SLOTS - len(self._active))
        self._is_full = room <= 0
        if self._is_full:
            return False
        works = await write_database(lambda: begin_runs(room))
        for work in works:
            channel = bus.open(str(work.run_id))
            with logged_as(work.claim):  # so are the tasks that begin here
                answer = asyncio.ensure_future(self._answer(work, channel, self._engines))
                active = _ActiveRun(work.claim, answer)
                self._active[work.run_id] = active
                answering.append(asyncio.ensure_future(self._see_through(work, channel, active)))
        return len(works) == room

    async def _see_through(self, work: RunWork, channel: RunChannel, active: _ActiveRun) -> None:
        """The run is answered, stored and told to its readers."""
        try:
            outcome = await active.task
            if active.is_lost:
                self._drop(channel)
            else:
                await self._finish(work, channel, outcome)
        except Exception:
            log.exception("run.not_finished", run=str(work.run_id))
        finally:
            del self._active[work.run_id]
            if self._is_full:
                self._is_full = False
                self._spawn(self.take_runs())

    async def _finish(self, work: RunWork, channel: RunChannel, outcome: RunOutcome) -> None:
        """Stored first, told afterwards: whoever reads the last event finds the answer."""
        terminal = terminal_event(outcome)
        stored = replace(
            stored_outcome(outcome, channel.history), is_evaluated=is_evaluated(work, outcome)
        )
        if not await store(work.claim, stored):
            log.warning("run.claim_lost", run=str(work.run_id))
            self._drop(channel)
            return
        if not await channel.close(terminal):
            log.warning("run.terminal_event_delayed", run=str(work.run_id))
        if stored.is_evaluated:
            await write_database(lambda: hand_out_evaluation(work.run_id))

    def _drop(self, channel: RunChannel) -> None:
        if self._bus is not None:
            self._bus.drop(channel)

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
        tasks: list[asyncio.Task[Any]] = [
            *self._background,
            *(active.task for active in self._active.values()),
        ]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        bus, self._bus = self._bus, None
        if bus is not None:
            await bus.close()
        await self._engines.close()
        package_indexes.close()
        await plugin_host.close()

    def _start(self) -> EventBus:
        if self._bus is None:
            # The loop of all streams, the database's thread and the broker's share an interpreter;
            # at the default of 5 ms a commit waits longer for it than for the disk.
            sys.setswitchinterval(SWITCH_SECONDS)
            self._bus = EventBus(
                connect_redis(settings.REDIS_URL, connections=2),
                key_for=event_log.stream_key,
                keep_seconds=event_log.KEEP_SECONDS + settings.RUN_SECONDS,
                max_entries=event_log.MAX_ENTRIES,
            )
            self._spawn(self._follow_control())
            self._spawn(self._renew_for_ever())
        return self._bus

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.ensure_future(work)
        self._background.add(task)
        task.add_done_callback(self._background.discard)

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


async def store(claim: JobClaim, outcome: StoredOutcome) -> bool:
    """True when the outcome is stored, False when the claim was lost.

    An answer that was streamed is worth waiting for a database that is busy or away. One that
    cannot be stored as it is ends as a failure, and spoils no other run stored along with it.
    """
    for pause in STORE_PAUSES:
        try:
            return await write_database_together(store_outcomes, (claim, outcome))
        except OperationalError as error:
            log.warning("run.store_delayed", error=str(error)[:200])
            await asyncio.sleep(pause)
        except Exception as error:  # noqa: BLE001 - perhaps another's in the same transaction
            log.warning("run.stored_alone", error=type(error).__name__)
            break
    try:
        return (await write_database(lambda: store_outcomes([(claim, outcome)])))[0]
    except Exception:
        log.exception("run.cannot_be_stored", run=str(claim.subject_id))
        failure = StoredOutcome(state="failed", code="internal_error", message=CANNOT_BE_STORED)
        return (await write_database(lambda: store_outcomes([(claim, failure)])))[0]


def is_evaluated(work: RunWork, outcome: RunOutcome) -> bool:
    """Whether there is an answer, and somebody to judge it. What a guard said in its place is none."""
    is_answer = outcome.state == "finished" and not outcome.code
    return is_answer and bool(evaluators_of(work.pipeline))


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
        prompt=[{"role": each.role, "content": each.content} for each in outcome.prompt],
        waiting=stored_waiting(outcome.waiting),
        code=outcome.code,
        message=message,
    )
