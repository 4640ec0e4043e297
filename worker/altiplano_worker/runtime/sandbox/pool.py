"""Warm processes, one per release and organization, within what a worker can afford."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Final

import structlog

import altiplano_sdk as sdk
from altiplano_sdk.wire.messages import Log
from altiplano_worker.runtime.budgets import PluginFailedError
from altiplano_worker.runtime.sandbox.broker import write_line
from altiplano_worker.runtime.sandbox.child import SandboxChild
from altiplano_worker.runtime.sandbox.crashes import CrashRecord, Quarantine
from altiplano_worker.runtime.sandbox.exchange import CallFailedError, ChildLostError
from altiplano_worker.runtime.sandbox.launcher import (
    EXAMINER,
    PLACES,
    SCRATCH_BYTES,
    Launched,
    launch_child,
    remove_leftovers,
)
from altiplano_worker.runtime.sandbox.levels import SandboxLevel
from altiplano_worker.runtime.sandbox.releases import ReleaseOnDisk
from altiplano_worker.runtime.sandbox.weight import is_light, room_needed

log = structlog.get_logger("altiplano.sandbox")

MOST_INSTANCES: Final = 64
"""Configurations that one process holds; a draft in somebody's hands makes many."""


class PluginQuarantinedError(sdk.PermanentError):
    """The plugin stopped too often and is left alone for a while."""

    code = "plugin_quarantined"


@dataclass(frozen=True, slots=True)
class PoolLimits:
    """``crashes`` within ``crash_window`` seconds put a plugin into quarantine for that long."""

    children: int = 12
    calls_per_child: int = 8
    idle_seconds: float = 300.0
    wait_seconds: float = 10.0
    crashes: int = 5
    crash_window: float = 600.0
    backoff_seconds: float = 0.1
    spares: int = 1


@dataclass(frozen=True, slots=True)
class PoolKey:
    """Two organizations never share a process; neither do two releases, or two grants."""

    digest: str
    organization: str
    memory_bytes: int


@dataclass(slots=True)
class _Seat:
    """The process of one key, and its past."""

    calls: asyncio.Semaphore
    crashes: CrashRecord
    child: SandboxChild | None = None
    users: int = 0
    idle_since: float = 0.0
    starting: asyncio.Lock = field(default_factory=asyncio.Lock)


class SandboxPool:
    """All plugin processes of one worker process. For one event loop; closed with it."""

    def __init__(
        self,
        level: SandboxLevel,
        *,
        limits: PoolLimits | None = None,
        clock: Callable[[], float] = time.monotonic,
        on_quarantine: Callable[[Quarantine], None] = lambda _: None,
    ) -> None:
        """``on_quarantine`` hears at once of a plugin that stopped too often."""
        self.level = level
        self._on_quarantine = on_quarantine
        remove_leftovers()
        self._limits = limits or PoolLimits()
        self._clock = clock
        self._seats: dict[PoolKey, _Seat] = {}
        self._spares: list[Launched] = []
        self._places = set(range(PLACES)) - {EXAMINER}
        self._taken: dict[int, int] = {}
        self._freed = asyncio.Event()
        self._closed = False
        self._sweeper: asyncio.TimerHandle | None = None

    @property
    def child_count(self) -> int:
        """Processes that hold a plugin, without spares."""
        return sum(seat.child is not None for seat in self._seats.values())

    def start(self) -> None:
        """Spare processes warm up. Without it the first call does what they would have done."""
        while len(self._spares) < self._limits.spares and not self._closed:
            self._spares.append(self._launch(None))

    @asynccontextmanager
    async def lease(
        self, release: ReleaseOnDisk, *, organization: str, memory_bytes: int
    ) -> AsyncIterator[SandboxChild]:
        """A living process with the release loaded, that only this organization uses.

        Raises PluginQuarantinedError, PluginFailedError when the package cannot be loaded, and
        RetryableError when all places are taken for too long.
        """
        key = PoolKey(release.digest, organization, memory_bytes)
        seat = self._seats.get(key)
        if seat is None:
            limits = self._limits
            seat = self._seats[key] = _Seat(
                asyncio.Semaphore(limits.calls_per_child),
                CrashRecord(limits.crashes, limits.crash_window, self._clock),
            )
        seat.users += 1
        try:
            async with seat.calls:
                yield await self._living_child(key, seat, release)
        finally:
            seat.users -= 1
            seat.idle_since = self._clock()
            if seat.users == 0:
                self._freed.set()
            self._sweep_later()

    def quarantined(self) -> tuple[PoolKey, ...]:
        return tuple(key for key, seat in self._seats.items() if seat.crashes.is_too_many)

    def pardon(self, digest: str, organization: str) -> None:
        """The release is tried again there, whatever its processes did before."""
        for key, seat in self._seats.items():
            if (key.digest, key.organization) == (digest, organization):
                seat.crashes.forget()

    def drop(self, digest: str) -> None:
        """Nothing of this release runs any more in this worker: it was recalled or changed."""
        for key in [key for key in self._seats if key.digest == digest]:
            child = self._seats.pop(key).child
            if child is not None:
                child.kill("was switched off", at_fault=False)

    def close(self) -> None:
        """No process of the pool is left. The pool is of no use afterwards."""
        self._closed = True
        if self._sweeper is not None:
            self._sweeper.cancel()
        for seat in list(self._seats.values()):
            if seat.child is not None:
                seat.child.kill("was stopped with the worker", at_fault=False)
        for spare in self._spares:
            self._discard(spare)
        self._seats.clear()
        self._spares.clear()

    # one child

    async def _living_child(
        self, key: PoolKey, seat: _Seat, release: ReleaseOnDisk
    ) -> SandboxChild:
        async with seat.starting:
            child = seat.child
            if (
                child is not None
                and child.instance_count >= MOST_INSTANCES
                and not child.calls_open
            ):
                child.kill("was replaced", at_fault=False)
            if child is not None and child.lost is None:
                return child
            seat.child = None
            crashes = seat.crashes.count
            if seat.crashes.is_too_many:
                raise PluginQuarantinedError(
                    f"The plugin {release.manifest.id} stopped {crashes} times in a row "
                    "and is left alone for some minutes. Tell its author."
                )
            if crashes:
                await asyncio.sleep(self._limits.backoff_seconds * 2**crashes)
            await self._make_room(key)
            seat.child = await self._start_child(key, seat, release)
            return seat.child

    async def _start_child(self, key: PoolKey, seat: _Seat, release: ReleaseOnDisk) -> SandboxChild:
        plugin = release.manifest.id

        def write(message: Log, body: bytes) -> None:
            write_line(log.bind(organization=key.organization), plugin, message, body)

        needs = room_needed(release, key.memory_bytes)
        launched = None
        if needs == SCRATCH_BYTES and is_light(release):
            launched = self._take_spare()
        child = SandboxChild(
            launched or self._launch(release, scratch_bytes=needs),
            on_lost=self._forget_child,
            on_log=write,
        )
        try:
            await child.start(release, memory_bytes=key.memory_bytes)
        except CallFailedError as error:
            self._count_crash(key, seat, "cannot be loaded")
            raise PluginFailedError(
                f"The plugin {plugin} cannot be loaded ({error.failure.message})."
            ) from error
        except ChildLostError as error:
            self._count_crash(key, seat, error.reason)
            raise PluginFailedError(
                f"The process of the plugin {plugin} was lost: it {error.reason}."
            ) from error
        asyncio.get_running_loop().call_soon(self.start)
        return child

    def _launch(
        self, release: ReleaseOnDisk | None, *, scratch_bytes: int = SCRATCH_BYTES
    ) -> Launched:
        """On the loop's own thread: a process dies with the thread that started it."""
        place = self._places.pop()
        try:
            launched = launch_child(
                level=self.level, place=place, release=release, scratch_bytes=scratch_bytes
            )
        except BaseException:
            self._places.add(place)
            raise
        self._taken[launched.process.pid] = place
        return launched

    def _take_spare(self) -> Launched | None:
        while self._spares:
            spare = self._spares.pop()
            if spare.process.poll() is None:
                return spare
            self._discard(spare)
        return None

    def _discard(self, launched: Launched) -> None:
        launched.kill()
        self._places.add(self._taken.pop(launched.process.pid))

    def _forget_child(self, child: SandboxChild) -> None:
        """The child is dead: its place and its account are free. If it is to blame, that counts."""
        self._places.add(self._taken.pop(child.launched.process.pid))
        self._freed.set()
        for key, seat in self._seats.items():
            if seat.child is child:
                seat.child = None
                if child.is_at_fault:
                    self._count_crash(key, seat, child.lost or "stopped unexpectedly")

    # all children

    async def _make_room(self, key: PoolKey) -> None:
        try:
            async with asyncio.timeout(self._limits.wait_seconds):
                while self.child_count >= self._limits.children and not self._evict_one(key):
                    self._freed.clear()
                    await self._freed.wait()
        except TimeoutError:
            raise sdk.RetryableError(
                "All places for plugins are taken at the moment. Please try again.",
                code="sandbox_busy",
            ) from None

    def _evict_one(self, wanted: PoolKey) -> bool:
        """The process that was idle for longest makes room."""
        idle = [
            (seat.idle_since, seat)
            for key, seat in self._seats.items()
            if seat.child is not None and seat.users == 0 and key != wanted
        ]
        if not idle:
            return False
        seat = min(idle, key=lambda entry: entry[0])[1]
        self._end(seat)
        return True

    def _end(self, seat: _Seat) -> None:
        child, seat.child = seat.child, None
        if child is not None:
            child.kill("was idle", at_fault=False)

    def _sweep_later(self) -> None:
        if self._sweeper is None and not self._closed:
            loop = asyncio.get_running_loop()
            self._sweeper = loop.call_later(self._limits.idle_seconds / 4, self.sweep)

    def sweep(self) -> None:
        """Processes that were idle for too long are gone, and so are seats without a past."""
        self._sweeper = None
        oldest = self._clock() - self._limits.idle_seconds
        for key, seat in list(self._seats.items()):
            if seat.users == 0 and seat.idle_since <= oldest:
                self._end(seat)
                if not seat.crashes.count:
                    del self._seats[key]
        if self._seats:
            self._sweep_later()

    # crashes

    def _count_crash(self, key: PoolKey, seat: _Seat, because: str) -> None:
        is_too_many = seat.crashes.add()
        log.warning(
            "plugin_crashed",
            digest=key.digest,
            organization=key.organization,
            crashes=seat.crashes.count,
        )
        if is_too_many:
            self._on_quarantine(
                Quarantine(
                    key.digest,
                    key.organization,
                    seat.crashes.count,
                    because,
                    self._limits.crash_window,
                )
            )
