"""Warm processes: kept, shared by nobody, ended in time, replaced, quarantined."""

import asyncio
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil
import pytest

import altiplano_sdk as sdk
from altiplano_sdk.testing.base import SilentLog
from altiplano_worker.runtime.budgets import PluginFailedError
from altiplano_worker.runtime.sandbox.levels import SandboxLevel
from altiplano_worker.runtime.sandbox.plugins import sandboxed_plugin
from altiplano_worker.runtime.sandbox.pool import (
    PluginQuarantinedError,
    PoolLimits,
    SandboxPool,
)
from tests.fakes.plugin_releases import make_release

TOOL = sdk.StageKind.TOOL
COUNTER = """
    import asyncio
    import ctypes
    import os
    import time

    import altiplano_sdk as sdk

    CALLS = []
    MET = []

    class Plugin:
        name, description, parameters = "t", "d", {}

        def __init__(self, config): ...

        async def call(self, arguments, ctx):
            CALLS.append(1)
            match arguments.get("do"):
                case "crash":
                    ctypes.string_at(0)
                case "hang":
                    time.sleep(60)
                case "wait":
                    ctx.log.info("waiting")
                    await asyncio.sleep(60)
                case "meet":
                    MET.append(1)
                    while len(MET) < arguments["others"]:
                        await asyncio.sleep(0.01)
                case "exit":
                    os._exit(3)
                case "raise":
                    raise KeyError("a secret word")
                case "system exit":
                    raise SystemExit(0)
            return sdk.ToolResult(str(len(CALLS)))
    """


def plugin_in(pool: SandboxPool, folder: Path, *, organization: str = "a", **grants: Any) -> Any:
    release = make_release(folder, COUNTER, kind=TOOL, **grants)
    return sandboxed_plugin(
        release,
        TOOL,
        pool=pool,
        organization=organization,
        granted=release.manifest.for_kind(TOOL).grants,
    ).create({})


@pytest.fixture
def open_folder() -> Iterator[str]:
    """A folder that every account can enter, as the system's own for temporary files."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        yield folder


class WaitingLog(SilentLog):
    """Tells when a call has begun that does not end by itself: it says so."""

    def __init__(self) -> None:
        self._lines: asyncio.Queue[str] = asyncio.Queue()

    def info(self, event: str, **fields: Any) -> None:
        self._lines.put_nowait(event)

    async def heard(self) -> None:
        assert await asyncio.wait_for(self._lines.get(), 10) == "plugin_said"


@pytest.fixture
def log() -> WaitingLog:
    return WaitingLog()


@pytest.fixture
def context(log: WaitingLog) -> sdk.Context:
    return sdk.Context(log=log)


def own_processes() -> list[psutil.Process]:
    """Plugins' processes below this one that still run; servers of other tests are none of ours."""
    return list(filter(is_plugins, psutil.Process().children(recursive=True)))


def is_plugins(process: psutil.Process) -> bool:
    try:
        return process.status() != psutil.STATUS_ZOMBIE and any(
            "altiplano_sdk.sandbox_child" in argument for argument in process.cmdline()
        )
    except psutil.NoSuchProcess:  # it ended while it was looked at
        return False


async def test_process_is_kept_between_calls_and_apart_between_organizations(
    pool: SandboxPool, tmp_path: Path, context: sdk.Context
) -> None:
    mine = plugin_in(pool, tmp_path / "a")
    assert [(await mine.call({}, context)).content for _ in range(3)] == ["1", "2", "3"]
    release = make_release(tmp_path / "b", COUNTER, kind=TOOL)
    granted = release.manifest.for_kind(TOOL).grants
    both = [
        sandboxed_plugin(release, TOOL, pool=pool, organization=name, granted=granted).create({})
        for name in ("one", "two")
    ]
    assert [(await plugin.call({}, context)).content for plugin in both] == ["1", "1"]
    assert pool.child_count == 3


async def test_calls_run_at_the_same_time_within_one_process(
    pool: SandboxPool, tmp_path: Path, context: sdk.Context
) -> None:
    plugin = plugin_in(pool, tmp_path / "a")
    await plugin.call({}, context)
    # None of them ends before all have begun.
    meetings = [plugin.call({"do": "meet", "others": 8}, context) for _ in range(8)]
    assert len(await asyncio.gather(*meetings)) == 8
    assert pool.child_count == 1


async def test_hung_process_is_killed_and_replaced(
    pool: SandboxPool, tmp_path: Path, context: sdk.Context
) -> None:
    plugin = plugin_in(pool, tmp_path / "a", seconds=0.5)
    await plugin.prepare()
    there = own_processes()
    with pytest.raises(sdk.BudgetExceededError, match=r"took longer than its 0\.5 seconds"):
        await plugin.call({"do": "hang"}, context)
    # Within the moment that a cancelled call may take to end.
    gone, _ = await asyncio.to_thread(psutil.wait_procs, there, 5)
    assert gone
    assert (await plugin.call({}, context)).content == "1"


async def test_cancelled_call_ends_without_losing_the_process(
    pool: SandboxPool, tmp_path: Path, context: sdk.Context, log: WaitingLog
) -> None:
    plugin = plugin_in(pool, tmp_path / "a")
    await plugin.call({}, context)
    task = asyncio.create_task(plugin.call({"do": "wait"}, context))
    await log.heard()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert (await plugin.call({}, context)).content == "3"


@pytest.mark.parametrize("how", ["crash", "exit"])
async def test_crash_is_told_and_the_next_call_works(
    pool: SandboxPool, tmp_path: Path, context: sdk.Context, how: str
) -> None:
    plugin = plugin_in(pool, tmp_path / "a")
    with pytest.raises(
        PluginFailedError, match=r"^The process of the plugin probe-plugin was lost: it stopped"
    ):
        await plugin.call({"do": how}, context)
    assert (await plugin.call({}, context)).content == "1"


@pytest.mark.parametrize("how", ["raise", "system exit"])
async def test_exception_is_told_without_its_words(
    pool: SandboxPool, tmp_path: Path, context: sdk.Context, how: str
) -> None:
    plugin = plugin_in(pool, tmp_path / "a")
    with pytest.raises(PluginFailedError) as failed:
        await plugin.call({"do": how}, context)
    assert "secret" not in failed.value.message
    assert "probe-plugin failed in the tool stage" in failed.value.message
    assert (await plugin.call({}, context)).content == "2"


async def test_hung_plugin_of_one_does_not_slow_another(
    pool: SandboxPool, tmp_path: Path, context: sdk.Context
) -> None:
    bad = plugin_in(pool, tmp_path / "a", organization="bad", seconds=3)
    good = plugin_in(pool, tmp_path / "b", organization="good")
    await good.call({}, context)
    hung = asyncio.create_task(bad.call({"do": "hang"}, context))
    await asyncio.sleep(0.5)
    for _ in range(20):
        await good.call({}, context)
    assert not hung.done()
    with pytest.raises(sdk.BudgetExceededError):
        await hung


async def test_repeated_crashes_are_a_quarantine_that_ends(
    level: SandboxLevel, tmp_path: Path, context: sdk.Context
) -> None:
    now = [0.0]
    limits = PoolLimits(crashes=3, crash_window=60, backoff_seconds=0.001, spares=0)
    pool = SandboxPool(level, limits=limits, clock=lambda: now[0])
    plugin = plugin_in(pool, tmp_path / "a")
    try:
        for _ in range(3):
            with pytest.raises(PluginFailedError):
                await plugin.call({"do": "exit"}, context)
        with pytest.raises(PluginQuarantinedError, match="probe-plugin stopped 3 times"):
            await plugin.call({}, context)
        assert [key.organization for key in pool.quarantined()] == ["a"]
        now[0] = 61.0
        assert (await plugin.call({}, context)).content == "1"
        assert pool.quarantined() == ()
    finally:
        pool.close()


async def test_idle_process_ends_and_a_full_pool_lets_the_idlest_go(
    level: SandboxLevel, tmp_path: Path, context: sdk.Context, log: WaitingLog
) -> None:
    now = [0.0]
    limits = PoolLimits(children=2, idle_seconds=100, wait_seconds=0.2, spares=0)
    pool = SandboxPool(level, limits=limits, clock=lambda: now[0])
    plugins = [plugin_in(pool, tmp_path / str(n), organization=str(n)) for n in range(3)]
    try:
        for plugin in plugins:
            now[0] += 1
            await plugin.call({}, context)
        assert pool.child_count == 2
        assert (await plugins[1].call({}, context)).content == "2"
        busy = [asyncio.create_task(p.call({"do": "wait"}, context)) for p in plugins[1:]]
        for _ in busy:
            await log.heard()
        with pytest.raises(sdk.RetryableError, match="places"):
            await plugins[0].call({}, context)
        for task in busy:
            task.cancel()
        await asyncio.gather(*busy, return_exceptions=True)
        now[0] += 200
        pool.sweep()
        assert pool.child_count == 0
    finally:
        pool.close()


async def test_dropped_release_stops_at_once(
    pool: SandboxPool, tmp_path: Path, context: sdk.Context, log: WaitingLog
) -> None:
    plugin = plugin_in(pool, tmp_path / "a", digest="recalled")
    await plugin.call({}, context)
    running = asyncio.create_task(plugin.call({"do": "wait"}, context))
    await log.heard()
    pool.drop("recalled")
    with pytest.raises(PluginFailedError, match="was switched off"):
        await running
    assert pool.child_count == 0


async def test_closed_pool_leaves_no_process_and_no_folder(
    level: SandboxLevel,
    tmp_path: Path,
    context: sdk.Context,
    log: WaitingLog,
    open_folder: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("tempfile.tempdir", open_folder)
    pool = SandboxPool(level)
    pool.start()
    plugin = plugin_in(pool, tmp_path / "release")
    await plugin.call({}, context)
    running = asyncio.create_task(plugin.call({"do": "wait"}, context))
    await log.heard()
    assert own_processes()
    pool.close()
    with pytest.raises(PluginFailedError, match="stopped with the worker"):
        await running
    psutil.wait_procs(own_processes(), timeout=5)
    assert own_processes() == []
    assert os.listdir(open_folder) == []  # noqa: PTH208 - pathlib is for threads here


async def test_killed_process_from_outside_is_noticed(
    pool: SandboxPool, tmp_path: Path, context: sdk.Context, log: WaitingLog
) -> None:
    plugin = plugin_in(pool, tmp_path / "a")
    await plugin.call({}, context)
    running = asyncio.create_task(plugin.call({"do": "wait"}, context))
    await log.heard()
    for process in own_processes():
        with suppress(psutil.NoSuchProcess):  # bubblewrap's own die with the first of them
            process.kill()
    with pytest.raises(PluginFailedError, match="stopped unexpectedly"):
        await running


async def test_package_that_does_not_load_names_the_error(
    pool: SandboxPool, tmp_path: Path, context: sdk.Context
) -> None:
    source = "import nothing_of_this_name"
    release = make_release(tmp_path / "a", source, kind=TOOL)
    plugin = sandboxed_plugin(
        release,
        TOOL,
        pool=pool,
        organization="a",
        granted=release.manifest.for_kind(TOOL).grants,
    ).create({})
    with pytest.raises(PluginFailedError, match=r"cannot be loaded \(ModuleNotFoundError\)"):
        await plugin.call({}, context)  # type: ignore[attr-defined]


async def test_large_release_is_bound_and_not_copied(
    pool: SandboxPool, tmp_path: Path, context: sdk.Context
) -> None:
    plugin = plugin_in(pool, tmp_path / "a")
    (tmp_path / "a" / "code" / "big.bin").write_bytes(bytes(9 * 1024 * 1024))
    for path in (tmp_path / "a").rglob("*"):
        path.chmod(0o755 if path.is_dir() else 0o644)
    pool.start()
    assert (await plugin.call({}, context)).content == "1"


@pytest.mark.fault
@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
def test_c40_killed_worker_takes_its_plugins_with_it(
    level: SandboxLevel, open_folder: str, how: signal.Signals
) -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "tests.integration.sandbox.lonely", level, open_folder],
        cwd=Path(__file__).parents[3],
        stdout=subprocess.PIPE,
        text=True,
    ) as worker:
        assert worker.stdout is not None
        assert worker.stdout.readline().strip() == "ready"
        plugins = psutil.Process(worker.pid).children(recursive=True)
        assert len(plugins) >= 2
        worker.send_signal(how)
        worker.wait(timeout=10)
        _, alive = psutil.wait_procs(plugins, timeout=10)
        assert alive == []


def test_folders_of_dead_workers_are_removed(
    level: SandboxLevel, open_folder: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", open_folder)
    dead = subprocess.Popen([sys.executable, "-c", ""])
    dead.wait()
    names = [f"altiplano-plugin-{dead.pid}-x", f"altiplano-plugin-{os.getpid()}-x", "other-1-x"]
    for name in names:
        Path(open_folder, name).mkdir()
    SandboxPool(level).close()
    assert sorted(path.name for path in Path(open_folder).iterdir()) == sorted(names[1:])
