"""``altiplano up`` when parts of it, or all of it, are killed."""

import json
import os
import signal
import subprocess
import sys

import pytest

from tests.fault.running import Running, running, wait_until

pytestmark = [
    pytest.mark.fault,
    pytest.mark.skipif(sys.platform != "linux", reason="looks at processes through /proc"),
]


@pytest.fixture(scope="module")
def platform(tmp_path_factory):
    """One running platform; each test leaves it ready."""
    with running(tmp_path_factory.mktemp("supervised") / "home", "--no-demo") as one:
        yield one


def test_status_names_every_part_and_what_it_can_do(platform):
    result = platform.command("status", "--json")

    status = json.loads(result.stdout)
    assert result.returncode == 0
    assert status["ready"] is True
    assert [child["name"] for child in status["supervisor"]["children"]] == [
        "broker",
        "engine",
        "runs",
        "ingest",
        "checks",
        "beat",
        "web",
    ]
    assert all(part["ok"] for part in status["parts"].values())


def test_second_start_in_the_same_home_says_that_it_runs(platform):
    result = platform.command("up")

    assert result.returncode == 1
    assert f"already running at http://127.0.0.1:{platform.port}" in result.stderr


def test_taken_port_is_named_with_the_variable_to_change(platform, tmp_path):
    environment = {**platform.environment, "ALTIPLANO_HOME": str(tmp_path / "other")}
    result = subprocess.run(
        [sys.executable, "-m", "altiplano.ops.cli", "up"],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )

    assert result.returncode == 1
    assert f"Port {platform.port}" in result.stderr
    assert "ALTIPLANO_PORT" in result.stderr


@pytest.mark.parametrize("part", ["broker", "engine", "runs", "ingest", "checks", "beat", "web"])
def test_killed_part_is_started_again(platform, part):
    before = platform.pid_of(part)

    os.kill(before, signal.SIGKILL)

    wait_until(lambda: platform.pid_of(part) not in {0, before}, seconds=20, what=f"a new {part}")
    platform.wait_ready()


def test_worker_that_lives_but_takes_nothing_is_replaced_and_the_log_says_why(tmp_path):
    with running(tmp_path / "home", "--no-demo", WORKER_SILENCE_SECONDS="6") as one:
        stuck = one.pid_of("runs")

        os.kill(stuck, signal.SIGSTOP)

        wait_until(lambda: one.readiness() == 503, seconds=30, what="the silence is noticed")
        wait_until(lambda: one.pid_of("runs") not in {0, stuck}, seconds=60, what="a new worker")
        one.wait_ready()
        said = one.log.read_text()
        assert "==> runs lives but takes nothing from the queue 'runs': starting it again" in said


def test_nobody_else_can_read_the_home(platform):
    others = [
        path
        for path in (platform.home, platform.home / "run", platform.home / "run" / "broker_url")
        if path.stat().st_mode & 0o077
    ]

    assert others == []


def test_stop_leaves_no_process(tmp_path):
    one = Running(tmp_path / "home")
    one.start("--no-demo")
    try:
        one.wait_ready()

        stopped = one.command("down")

        assert (stopped.returncode, stopped.stdout) == (0, "Altiplano has stopped.\n")
        assert one.process.wait(10) == 0
        assert one.processes() == []
    finally:
        one.end()


def test_stop_in_the_middle_of_starting_leaves_no_process(tmp_path):
    one = Running(tmp_path / "home")
    one.start("--no-demo")
    try:
        wait_until(lambda: one.pid_of("web"), seconds=60, what="the web server")

        one.process.terminate()

        assert one.process.wait(60) == 0
        assert one.processes() == []
    finally:
        one.end()


def test_killed_supervisor_takes_everything_along_and_can_be_started_again(tmp_path):
    one = Running(tmp_path / "home")
    one.start("--no-demo")
    try:
        one.wait_ready()
        key = (one.home / "secret_key").read_bytes()
        created = one.command(
            *("organization", "create", "--name", "Kept", "--kind", "public"),
            *("--owner", "ada@kept.example"),
        )

        one.process.kill()
        one.process.wait()

        wait_until(lambda: not one.processes(), seconds=30, what="no process is left")
        one.start("--no-demo")
        one.wait_ready()
        again = one.command(
            *("organization", "create", "--name", "Kept", "--kind", "public"),
            *("--owner", "ada@kept.example"),
        )
        assert json.loads(created.stdout)["password"] != ""
        assert json.loads(again.stdout)["password"] == ""  # the person was still there
        assert (one.home / "secret_key").read_bytes() == key
    finally:
        one.end()
