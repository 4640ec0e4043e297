"""The order of things: broker, migrations, everything else, demo, and back down again."""

import asyncio
import contextlib
import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

from altiplano.config import env
from altiplano.ops.supervisor import watchdog
from altiplano.ops.supervisor.child import Child
from altiplano.ops.supervisor.home import Home, prepare_home
from altiplano.ops.supervisor.keeper import Keeper, PartState, Patience
from altiplano.ops.supervisor.output import PartLog, Terminal
from altiplano.ops.supervisor.parts import Part, Plan, plan_parts, python_command
from altiplano.ops.supervisor.probes import fetch
from altiplano.ops.supervisor.record import (
    ChildRecord,
    Record,
    holding_home,
    own_record,
    write_record,
)
from altiplano.ops.supervisor.worker_watch import WorkerWatch

READY_SECONDS = 150.0
DEMO_SECONDS = 300.0
READY_POLL_SECONDS = 0.5
LOOKS = 3
"""How often workers are looked at within the time after which one counts as silent."""


class StartError(Exception):
    """Altiplano did not come up; the message says which part and what to do."""


class Supervision:
    """One life of ``altiplano up`` in a home that this process holds."""

    def __init__(
        self, home: Home, plan: Plan, *, terminal: Terminal, seed: bool, patience: Patience
    ) -> None:
        self._home = home
        self._plan = plan
        self._terminal = terminal
        self._seed = seed
        self._patience = patience
        self._record: Record = own_record(plan.url)
        self._keepers: list[Keeper] = []
        self._watchdog = self._start_watchdog()
        self._watched: set[int] = set()
        self._began = time.monotonic()

    async def run(self) -> int:
        """Up until a signal or a failure; every child is gone when it returns the exit code."""
        main = asyncio.create_task(self._main())
        with _signals_cancel(main):
            try:
                await main
            except asyncio.CancelledError:
                self._terminal.say("==> stopping")
                return 0
            except StartError as error:
                self._terminal.say(f"\nAltiplano did not start: {error}")
                return 1
            finally:
                await self._stop_all()
        return 0

    async def _main(self) -> None:
        self._note("starting")
        if self._plan.broker:
            self._say("broker")
            await self._works(self._start(self._plan.broker))
        self._say("database")
        await self._once("prepare", "-m", "altiplano.ops.cli", "prepare")
        self._say(", ".join(part.name for part in self._plan.parts))
        keepers = [self._start(part) for part in self._plan.parts]
        for keeper in keepers:
            await self._works(keeper)
        await self._ready()
        if self._seed:
            self._say("demo documents and app")
            await self._seed_demo()
        self._note("ready")
        self._terminal.say(welcome(self._home, self._plan, time.monotonic() - self._began))
        await self._watch_workers(keepers)

    # --- Starting -----------------------------------------------------------------------------

    def _start(self, part: Part) -> Keeper:
        keeper = Keeper(
            part,
            environment=self._plan.environment,
            logs=self._home.logs,
            terminal=self._terminal,
            on_change=lambda _: self._note(self._record.state),
            patience=self._patience,
        )
        self._keepers.append(keeper)
        keeper.start()
        return keeper

    async def _works(self, keeper: Keeper) -> None:
        """Returns when the part answers. Raises StartError when it does not stay up or is late."""
        waits = {asyncio.create_task(event.wait()) for event in (keeper.works, keeper.is_failing)}
        done, rest = await asyncio.wait(
            waits, timeout=READY_SECONDS, return_when=asyncio.FIRST_COMPLETED
        )
        for task in rest:
            task.cancel()
        if keeper.is_failing.is_set() or not done:
            raise StartError(keeper.trouble)

    async def _once(self, name: str, *arguments: str) -> None:
        """A step that must succeed before anything else. Raises StartError with its last words."""
        log = PartLog(name, self._home.logs, self._terminal)
        child = Child(log)
        try:
            await child.start(python_command(*arguments), environment=self._plan.environment)
            self._watch(child.pid)
            code = await asyncio.wait_for(child.wait(), DEMO_SECONDS)
            if code:
                said = "\n".join(f"    {line}" for line in child.last_lines)
                raise StartError(f"the step {name!r} failed:\n{said}")
        except TimeoutError:
            raise StartError(
                f"the step {name!r} did not end; its words are in {log.path}"
            ) from None
        finally:
            await child.stop(2.0)
            self._unwatch(child.pid)
            log.close()

    async def _seed_demo(self) -> None:
        """The demo is there, or a line says why not: the platform works without it."""
        try:
            await self._once("seed", "-m", "altiplano.ops.cli", "seed-demo", "--wait", "--quiet")
        except StartError as error:
            self._terminal.say(f"==> the demo is not complete: {error}")

    async def _ready(self) -> None:
        """Returns when /readyz says so. Raises StartError with the parts that are not."""
        deadline = time.monotonic() + READY_SECONDS
        missing: list[str] = []
        while time.monotonic() < deadline:
            reply = await fetch(self._plan.host, self._plan.port, "/readyz")
            if reply is not None and reply.status == 200:
                return
            waiting_for = _parts_not_ready(reply.json() if reply else {})
            if waiting_for != missing:
                missing = waiting_for
                self._say(f"waiting for {', '.join(missing) or 'the web server'}")
            failing = next((k for k in self._keepers if k.state is PartState.FAILING), None)
            if failing:
                raise StartError(failing.trouble)
            await asyncio.sleep(READY_POLL_SECONDS)
        raise StartError(
            f"not ready after {READY_SECONDS:.0f} s, still missing: {', '.join(missing) or 'web'}. "
            f"The logs are in {self._home.logs}; `altiplano doctor` checks what is needed."
        )

    async def _watch_workers(self, keepers: list[Keeper]) -> None:
        """A worker that lives but gives no proof of life for twice the time is replaced.

        After the time itself /readyz calls its queue silent. A worker at long work is not, and
        without broker or database nobody can prove anything.
        """
        seconds = env.read_float("WORKER_SILENCE_SECONDS", 45.0, minimum=2.0)
        by_name = {keeper.part.name: keeper for keeper in keepers}
        queues = {queue: keeper.part.name for keeper in keepers for queue in keeper.part.queues}
        watch = WorkerWatch(queues, patience=seconds, every=seconds / LOOKS)
        while True:
            await asyncio.sleep(watch.every)
            reply = await fetch(self._plan.host, self._plan.port, "/readyz")
            missing = set(_parts_not_ready(reply.json())) if reply else set()
            if reply is None or missing & {"broker", "database"}:
                watch.forget()
                continue
            silent = {name.removeprefix("queue:") for name in missing}
            stuck = watch.look(silent, time.monotonic())
            keeper = by_name.get(stuck.part) if stuck else None
            if stuck and keeper and keeper.child and keeper.child.age > 2 * seconds:
                await keeper.restart(stuck.why)

    # --- Stopping -----------------------------------------------------------------------------

    async def _stop_all(self) -> None:
        """Last started, first stopped; the broker outlives everything that talks to it."""
        self._note("stopping")
        first = self._keepers[0] if self._plan.broker and self._keepers else None
        await asyncio.gather(*(k.stop() for k in reversed(self._keepers) if k is not first))
        if first:
            await first.stop()
        if self._watchdog and self._watchdog.stdin:
            with contextlib.suppress(BrokenPipeError):
                self._watchdog.stdin.write("bye\n")
                self._watchdog.stdin.close()
            self._watchdog.wait()

    # --- Books --------------------------------------------------------------------------------

    def _say(self, what: str) -> None:
        self._terminal.say(f"==> {time.monotonic() - self._began:5.1f} s  {what}")

    def _note(self, state: str) -> None:
        """The record on disk and the watchdog know every child that runs now."""
        running = [k for k in self._keepers if k.child and k.child.is_running]
        pids = {k.child.pid for k in running if k.child}
        for gone in self._watched - pids:
            self._unwatch(gone)
        for new in pids - self._watched:
            self._watch(new)
        children = tuple(
            ChildRecord(
                name=k.part.name,
                pid=k.child.pid if k.child and k.child.is_running else 0,
                started_at=k.child.started_at if k.child and k.child.is_running else "",
                state=k.state,
            )
            for k in self._keepers
        )
        self._record = replace(self._record, state=state, children=children)
        write_record(self._home, self._record)

    def _start_watchdog(self) -> subprocess.Popen[str] | None:
        if sys.platform == "win32":
            return None
        return subprocess.Popen(
            [sys.executable, "-I", "-S", str(Path(watchdog.__file__))],
            stdin=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def _watch(self, pid: int) -> None:
        self._watched.add(pid)
        self._tell_watchdog(f"+{pid}")

    def _unwatch(self, pid: int) -> None:
        self._watched.discard(pid)
        self._tell_watchdog(f"-{pid}")

    def _tell_watchdog(self, line: str) -> None:
        if self._watchdog and self._watchdog.stdin:
            with contextlib.suppress(BrokenPipeError):
                self._watchdog.stdin.write(line + "\n")
                self._watchdog.stdin.flush()


@contextlib.contextmanager
def _signals_cancel(task: "asyncio.Task[None]") -> Iterator[None]:
    """SIGTERM, SIGINT and a closed terminal cancel the task, once; more of them change nothing."""
    loop = asyncio.get_running_loop()

    def stop(*_: object) -> None:
        loop.call_soon_threadsafe(task.cancel)

    numbers = [signal.SIGTERM, signal.SIGINT]
    if sys.platform != "win32":
        numbers.append(signal.SIGHUP)
    before: list[tuple[signal.Signals, Callable[..., object] | int | None]] = [
        (number, signal.signal(number, stop)) for number in numbers
    ]
    try:
        yield
    finally:
        for number, handler in before:
            signal.signal(number, handler)


def _parts_not_ready(report: dict[str, object]) -> list[str]:
    parts = report.get("parts")
    if not isinstance(parts, dict):
        return []
    return [name for name, part in parts.items() if isinstance(part, dict) and not part.get("ok")]


def welcome(home: Home, plan: Plan, seconds: float) -> str:
    """What a person needs first: the address, a way in, a key."""
    lines = ["", f"Altiplano is ready after {seconds:.0f} s:  {plan.url}"]
    with contextlib.suppress(OSError, ValueError, KeyError):
        demo = json.loads(home.demo.read_text(encoding="utf-8"))
        lines += [
            f"  sign in   {demo['email']}  /  {demo['password']}",
            f"  API key   {demo['api_key']}",
            f"  (also in  {home.demo})",
        ]
    return "\n".join([*lines, "Ctrl-C stops everything. Nothing is lost by it.", ""])


def run_supervisor(root: Path, *, seed: bool = True, patience: Patience | None = None) -> int:
    """Altiplano runs in the foreground until it is told to stop; the exit code.

    Raises HomeError, PlanError or AlreadyRunningError before anything is started.
    """
    home = prepare_home(root)
    with holding_home(home):
        plan = plan_parts(home)

        async def run() -> int:
            supervision = Supervision(
                home, plan, terminal=Terminal(), seed=seed, patience=patience or Patience()
            )
            return await supervision.run()

        return asyncio.run(run())
