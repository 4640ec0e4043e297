"""One part under a keeper's eyes: real processes, small patience."""

import asyncio
import io
import sys
from contextlib import asynccontextmanager

import pytest

from altiplano.ops.supervisor.keeper import Keeper, PartState, Patience
from altiplano.ops.supervisor.output import Terminal
from altiplano.ops.supervisor.parts import Part
from altiplano.ops.supervisor.processes import group_exists

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="process groups")

HASTY = Patience(
    quick_death_seconds=60,
    quick_deaths=3,
    first_pause=0.01,
    longest_pause=0.02,
    failing_pause=0.05,
    probe_every=0.01,
    watch_every=0.02,
    failed_probes=2,
)
SLEEP = "import time; time.sleep(600)"


@asynccontextmanager
async def kept(tmp_path, code, *, probe=None, grace=5.0):
    said = io.StringIO()
    changed = asyncio.Event()
    keeper = Keeper(
        Part("part", (sys.executable, "-c", code), probe=probe, grace_seconds=grace),
        environment={},
        logs=tmp_path,
        terminal=Terminal(said),
        on_change=lambda _: changed.set(),
        patience=HASTY,
    )
    keeper.said = said
    keeper.changed = changed
    keeper.start()
    try:
        yield keeper
    finally:
        await keeper.stop()


async def until(keeper, condition):
    async with asyncio.timeout(20):
        while not condition():
            keeper.changed.clear()
            await keeper.changed.wait()


async def poll(condition):
    """For what no event tells: another process's output, or its end."""
    async with asyncio.timeout(20):
        while not condition():  # noqa: ASYNC110
            await asyncio.sleep(0.01)


async def test_part_that_runs_works(tmp_path):
    async with kept(tmp_path, SLEEP) as keeper:
        await asyncio.wait_for(keeper.works.wait(), 20)

        assert keeper.state is PartState.WORKING


async def test_part_works_only_once_it_answers(tmp_path):
    answers = asyncio.Event()

    async def probe():
        return answers.is_set()

    async with kept(tmp_path, SLEEP, probe=probe) as keeper:
        await until(keeper, lambda: keeper.child and keeper.child.pid)
        assert not keeper.works.is_set()

        answers.set()

        await asyncio.wait_for(keeper.works.wait(), 20)


async def test_part_that_ends_is_started_again(tmp_path):
    async with kept(tmp_path, SLEEP) as keeper:
        await asyncio.wait_for(keeper.works.wait(), 20)
        first = keeper.child.pid

        await keeper.child.stop(5)

        await until(keeper, lambda: keeper.child.pid not in {0, first})
        assert "part ended (by signal 15)" in keeper.said.getvalue()


async def test_part_that_never_stays_up_is_said_to_fail_with_its_last_words(tmp_path):
    async with kept(tmp_path, "raise SystemExit('no such table')") as keeper:
        await asyncio.wait_for(keeper.is_failing.wait(), 30)

        assert "no such table" in keeper.trouble
        assert "altiplano doctor" in keeper.said.getvalue()


async def test_part_that_runs_but_stops_answering_is_started_again(tmp_path):
    answers = True

    async def probe():
        return answers

    async with kept(tmp_path, SLEEP, probe=probe) as keeper:
        await asyncio.wait_for(keeper.works.wait(), 20)
        first = keeper.child.pid

        answers = False
        await until(keeper, lambda: keeper.child.pid not in {0, first})

        assert "does not answer" in keeper.said.getvalue()


async def test_stop_ends_a_part_that_ignores_being_asked_and_all_it_started(tmp_path):
    code = (
        "import signal, subprocess, sys, time\n"
        "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        f"subprocess.Popen([sys.executable, '-c', 'import signal; "
        f"signal.signal(signal.SIGTERM, signal.SIG_IGN); {SLEEP}'])\n"
        "print('up', flush=True)\n"
        "time.sleep(600)\n"
    )
    async with kept(tmp_path, code, grace=0.2) as keeper:
        await poll(lambda: "up" in (keeper.child.last_lines if keeper.child else ()))
        pid = keeper.child.pid

    await poll(lambda: not group_exists(pid))


async def test_program_that_does_not_exist_is_said(tmp_path):
    async with kept(tmp_path, SLEEP) as keeper:
        await asyncio.wait_for(keeper.works.wait(), 20)
        object.__setattr__(keeper.part, "argv", (str(tmp_path / "nothing"),))

        await keeper.child.stop(5)
        await asyncio.wait_for(keeper.is_failing.wait(), 20)

        assert "cannot be started" in keeper.said.getvalue()
