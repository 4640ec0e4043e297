"""The suites run in the sandbox, and a package that fights them harms nobody."""

import signal
from pathlib import Path
from typing import Any

import pytest

import altiplano_sdk as sdk
from altiplano_sdk.sandbox_child.landlock import landlock_abi
from altiplano_worker.runtime.budgets import PluginFailedError
from altiplano_worker.runtime.sandbox import conformance
from altiplano_worker.runtime.sandbox.conformance import (
    ConformanceLimits,
    ExaminationStoppedError,
    run_conformance,
)
from altiplano_worker.runtime.sandbox.launcher import Launched, launch_child
from altiplano_worker.runtime.sandbox.levels import SandboxLevel, available_levels
from tests.fakes.plugin_releases import make_release
from tests.integration.sandbox.accounts import can_be, run_attempts
from tests.integration.sandbox.attempts import EXAMINE

TOOL = sdk.StageKind.TOOL
HONEST = """
    import altiplano_sdk as sdk

    class Plugin:
        name, description, parameters = "t", "d", {"type": "object"}

        def __init__(self, config): ...

        async def call(self, arguments, ctx):
            return sdk.ToolResult("done")
    """


@pytest.fixture
def best() -> SandboxLevel:
    if not available_levels():
        pytest.skip("this machine has no sandbox")
    return available_levels()[0]


@pytest.mark.fault
@pytest.mark.parametrize("account", ["root", "ordinary"])
@pytest.mark.parametrize("level", ["bubblewrap", "landlock"])
def test_example_passes_its_suites_inside(level: str, account: str) -> None:
    there = landlock_abi() > 0 if level == "landlock" else SandboxLevel(level) in available_levels()
    if not there or not can_be(account):
        pytest.skip(f"this machine has no {level} for {account}")
    found = run_attempts(account, level, [EXAMINE])[EXAMINE]
    assert found["content"]["plugin"] == "glossary-guard"
    assert found["content"]["passed"] > 20
    assert found["content"]["failed"] == found["survivors"] == []


def test_broken_package_gets_findings(best: SandboxLevel, tmp_path: Path) -> None:
    release = make_release(tmp_path / "a", HONEST.replace('"done"', "7"), kind=TOOL)
    report = run_conformance(release, level=best)
    assert report.failed
    assert not report.ok


@pytest.mark.parametrize(
    ("trick", "told"),
    [
        ("import os; os._exit(0)", "stopped unexpectedly"),
        ("import time; time.sleep(60)", "took too long for its tests"),
        (
            "import socket; socket.socket(fileno=3).sendall(b'\\xff' * 64)",
            "sent something that is no answer",
        ),
        (
            (
                'import socket, struct; head = b\'{"type":"examined"}\'; '
                "socket.socket(fileno=3).sendall(struct.pack('>III', len(head), 2, 0) + head + b'{}')"
            ),
            "answered with something that is no report",
        ),
    ],
)
def test_package_that_fights_the_examination_is_refused_by_name(
    best: SandboxLevel, tmp_path: Path, trick: str, told: str
) -> None:
    release = make_release(tmp_path / "a", trick, kind=TOOL)
    with pytest.raises(PluginFailedError, match=f"the plugin probe-plugin was lost: it {told}"):
        run_conformance(release, level=best, limits=ConformanceLimits(seconds=5))


def test_whoever_waits_hears_how_far_the_suites_are(best: SandboxLevel, tmp_path: Path) -> None:
    heard: list[tuple[int, int]] = []
    release = make_release(tmp_path / "a", HONEST, kind=TOOL)
    run_conformance(release, level=best, tell=lambda done, total: heard.append((done, total)))
    total = heard[0][1]
    assert total > 10
    assert heard == [(done, total) for done in range(total + 1)]


def test_package_cannot_claim_more_than_a_page_can_show(best: SandboxLevel, tmp_path: Path) -> None:
    heard: list[tuple[int, int]] = []
    boast = (
        'import os, socket, struct; head = b\'{"type":"examining","done":9999999,"total":-7}\'; '
        "socket.socket(fileno=3).sendall((struct.pack('>III', len(head), 0, 0) + head) * 500); "
        "os._exit(0)"
    )
    release = make_release(tmp_path / "a", boast + "\n" + "class Plugin: ...", kind=TOOL)
    with pytest.raises(PluginFailedError):
        run_conformance(release, level=best, tell=lambda *said: heard.append(said))
    assert set(heard) <= {(0, 0)}


def test_examination_that_nobody_waits_for_ends_at_once(
    best: SandboxLevel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    launched = []

    def launch(**wishes: Any) -> Launched:
        launched.append(launch_child(**wishes))
        return launched[0]

    monkeypatch.setattr(conformance, "launch_child", launch)
    release = make_release(tmp_path / "a", "import time; time.sleep(200)", kind=TOOL)
    answers = iter([False, False, True])
    with pytest.raises(ExaminationStoppedError):
        run_conformance(release, level=best, is_unwanted=lambda: next(answers))
    (child,) = launched
    assert child.process.poll() == -signal.SIGKILL
    assert not child.workplace.exists()
    child.kill()  # once more does nothing
