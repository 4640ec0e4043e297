"""A real ``altiplano up`` in a home of its own, for tests that hurt it."""

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

START_SECONDS = 120.0


def wait_until(condition: Callable[[], object], *, seconds: float, what: str) -> None:
    """Returns when the condition holds; fails the test when it does not in time."""
    pause = threading.Event()
    for _ in range(int(seconds / 0.1)):
        if condition():
            return
        pause.wait(0.1)
    raise AssertionError(f"not within {seconds:.0f} s: {what}")


class Running:
    """The command with its log; ``processes`` are all that belong to it, however deep."""

    def __init__(self, home: Path, **settings: str) -> None:
        self.home = home
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        clean = {
            key: value for key, value in os.environ.items() if not key.startswith("ALTIPLANO_")
        }
        self.environment = {
            **clean,
            "ALTIPLANO_HOME": str(home),
            "ALTIPLANO_PORT": str(self.port),
            "ALTIPLANO_RUN_SLOTS": "8",
            **{f"ALTIPLANO_{name}": value for name, value in settings.items()},
        }
        self.log = home.with_suffix(".log")
        self.process: subprocess.Popen[bytes]

    def start(self, *arguments: str) -> None:
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "altiplano.ops.cli", "up", *arguments],
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )

    def command(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [sys.executable, "-m", "altiplano.ops.cli", *arguments],
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
        )

    def readiness(self) -> int | None:
        try:
            with urllib.request.urlopen(
                f"http://127.0.0.1:{self.port}/readyz", timeout=10
            ) as reply:
                return reply.status
        except urllib.error.HTTPError as error:
            return error.code
        except OSError:
            return None

    def wait_ready(self) -> None:
        def is_ready() -> bool:
            assert self.process.poll() is None, self.log.read_text(errors="replace")[-3000:]
            return self.record().get("state") == "ready" and self.readiness() == 200

        wait_until(is_ready, seconds=START_SECONDS, what="ready")

    def record(self) -> dict:
        try:
            return json.loads((self.home / "run" / "supervisor.json").read_text())
        except (OSError, ValueError):
            return {}

    def pid_of(self, part: str) -> int:
        children = self.record().get("children", ())
        return next((child["pid"] for child in children if child["name"] == part), 0)

    def processes(self) -> list[int]:
        """Every living process that was started with this home in its environment."""
        mark = f"ALTIPLANO_HOME={self.home}".encode()
        found = []
        for entry in Path("/proc").iterdir():
            with contextlib.suppress(OSError):
                if entry.name.isdigit() and mark in (entry / "environ").read_bytes().split(b"\0"):
                    found.append(int(entry.name))
        return found

    def end(self) -> None:
        self.process.terminate()
        try:
            self.process.wait(60)
        finally:
            for pid in self.processes():
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)


@contextlib.contextmanager
def running(home: Path, *arguments: str, **settings: str) -> Iterator[Running]:
    """Ready at the start, wholly gone at the end. ``settings`` are variables without prefix."""
    one = Running(home, **settings)
    one.start(*arguments)
    try:
        one.wait_ready()
        yield one
    finally:
        one.end()
