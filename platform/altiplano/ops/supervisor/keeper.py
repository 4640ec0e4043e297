"""Keeps one part alive: starts it, waits until it works, starts it again when it dies."""

import asyncio
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from altiplano.ops.supervisor.child import Child
from altiplano.ops.supervisor.output import PartLog, Terminal
from altiplano.ops.supervisor.parts import Part


class PartState(StrEnum):
    STARTING = "starting"
    WORKING = "working"
    RESTARTING = "restarting"
    FAILING = "failing"
    STOPPED = "stopped"


@dataclass(frozen=True, slots=True)
class Patience:
    """How quickly a part is started again and when it counts as broken."""

    quick_death_seconds: float = 20.0
    quick_deaths: int = 5
    first_pause: float = 0.5
    longest_pause: float = 15.0
    failing_pause: float = 60.0
    probe_every: float = 0.2
    watch_every: float = 5.0
    failed_probes: int = 6

    def pause(self, deaths: int) -> float:
        """Seconds to wait after this many quick deaths in a row: doubling, with a ceiling."""
        if deaths >= self.quick_deaths:
            return self.failing_pause
        return min(self.longest_pause, self.first_pause * 2.0 ** max(0, deaths - 1))


class Keeper:
    """Runs ``part`` until stopped. ``on_change`` hears every change of its state."""

    def __init__(
        self,
        part: Part,
        *,
        environment: Mapping[str, str],
        logs: Path,
        terminal: Terminal,
        on_change: Callable[["Keeper"], None],
        patience: Patience,
    ) -> None:
        self.part = part
        self.state = PartState.STOPPED
        self.child: Child | None = None
        self.works = asyncio.Event()
        self.is_failing = asyncio.Event()
        self._environment = {**environment, **part.environment}
        self._terminal = terminal
        self._log = PartLog(part.name, logs, terminal, unshown=part.unshown)
        self._on_change = on_change
        self._patience = patience
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        self._task = asyncio.create_task(self._keep(), name=f"keep {self.part.name}")

    async def stop(self) -> None:
        """The part and all it started are gone and stay gone."""
        if self._task:
            self._task.cancel()
            await asyncio.wait([self._task])
        if self.child:
            await self.child.stop(self.part.grace_seconds)
        self._change(PartState.STOPPED)
        self._log.close()

    async def restart(self, reason: str) -> None:
        """The running process ends; the keeper starts the next one."""
        if self.child and self.child.is_running:
            self._terminal.say(f"==> {self.part.name} {reason}: starting it again")
            await self.child.stop(self.part.grace_seconds)

    @property
    def trouble(self) -> str:
        """What a person should know and do when the part does not stay up."""
        said = "\n".join(f"    {line}" for line in (self.child.last_lines if self.child else ()))
        return (
            f"{self.part.name} does not stay up. Its last words:\n{said or '    (none)'}\n"
            f"Everything it said is in {self._log.path}. `altiplano doctor` checks what it needs."
        )

    async def _keep(self) -> None:
        deaths = 0
        while True:
            self._change(PartState.RESTARTING if deaths else PartState.STARTING)
            self.child = Child(self._log)
            try:
                await self.child.start(
                    self.part.argv, environment=self._environment, stdin=self.part.stdin
                )
            except OSError as error:
                self._terminal.say(f"==> {self.part.name} cannot be started: {error.strerror}")
            else:
                self._on_change(self)
                code = await self._run(self.child)
                # Whatever it started must not outlive it: the next one would share its work.
                await self.child.stop(1.0)
                self._terminal.say(f"==> {self.part.name} ended ({_manner(code)})")
            self.works.clear()
            quick = self.child.born == 0 or self.child.age < self._patience.quick_death_seconds
            deaths = deaths + 1 if quick else 1
            if deaths == self._patience.quick_deaths:
                self._change(PartState.FAILING)
                self.is_failing.set()
                self._terminal.say(self.trouble)
            pause = self._patience.pause(deaths)
            self._terminal.say(f"==> {self.part.name} starts again in {pause:g} s")
            await asyncio.sleep(pause)

    async def _run(self, child: Child) -> int:
        watch = asyncio.create_task(self._watch(child))
        try:
            return await child.wait()
        finally:
            watch.cancel()

    async def _watch(self, child: Child) -> None:
        """Says when the part works; ends it when it runs but no longer answers."""
        probe = self.part.probe
        while probe and not await probe():  # noqa: ASYNC110 - the answer lies in another process
            await asyncio.sleep(self._patience.probe_every)
        self._change(PartState.WORKING)
        self.works.set()
        misses = 0
        last = time.monotonic()
        while probe:
            await asyncio.sleep(self._patience.watch_every)
            # After the machine slept, a miss says nothing about the part.
            slept = time.monotonic() - last > 4 * self._patience.watch_every + 10
            last = time.monotonic()
            misses = 0 if await probe() or slept else misses + 1
            if misses >= self._patience.failed_probes:
                self._terminal.say(
                    f"==> {self.part.name} runs but does not answer: starting it again"
                )
                await child.stop(self.part.grace_seconds)

    def _change(self, state: PartState) -> None:
        self.state = state
        self._on_change(self)


def _manner(code: int) -> str:
    return f"by signal {-code}" if code < 0 else f"with code {code}"
