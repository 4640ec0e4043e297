"""Runs the conformance suites on a release, in the sandbox that would hold it later.

The report comes from a process in which the release's own code ran: it may be forged, and proves
nothing that a person would not believe of the author. What it cannot do is harm.
"""

from __future__ import annotations

import os
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import structlog

from altiplano_sdk.sandbox_child.sending import RECEIVED, SENT
from altiplano_sdk.testing.report import ConformanceReport
from altiplano_sdk.wire import (
    Frame,
    FrameError,
    FrameReader,
    WireError,
    decode_message,
    encode_frame,
    encode_message,
)
from altiplano_sdk.wire.messages import (
    Error,
    Examine,
    Examined,
    Examining,
    Message,
    Started,
)
from altiplano_worker.runtime.budgets import PluginFailedError
from altiplano_worker.runtime.sandbox.launcher import (
    EXAMINER,
    SCRATCH_BYTES,
    Launched,
    launch_child,
)
from altiplano_worker.runtime.sandbox.levels import SandboxLevel, choose_level
from altiplano_worker.runtime.sandbox.releases import ReleaseOnDisk

log = structlog.get_logger("altiplano.sandbox")

_LOOK_SECONDS: Final = 0.2
_MOST_TESTS: Final = 10_000
_CHUNK: Final = 256 * 1024


@dataclass(frozen=True, slots=True)
class ConformanceLimits:
    """``memory_bytes`` are beside what pytest takes, and at least what the manifest asks for."""

    seconds: float = 240.0
    memory_bytes: int = 512 * 1024 * 1024


class ExaminationStoppedError(Exception):
    """Nobody wants the report any more; the process was ended before it had one."""


Tell = Callable[[int, int], None]
"""How many checks are done, and of how many, as the process says."""


def run_conformance(
    release: ReleaseOnDisk,
    *,
    level: SandboxLevel | None = None,
    limits: ConformanceLimits | None = None,
    tell: Tell = lambda _done, _total: None,
    is_unwanted: Callable[[], bool] = lambda: False,
) -> ConformanceReport:
    """The report of all suites. Blocks for some seconds; nothing of the process is left.

    ``is_unwanted`` is asked several times a second. Raises ExaminationStoppedError once it is true,
    NoSandboxError when there is no sandbox, and PluginFailedError when the package brought the
    examination itself to an end: by its time, its memory, or by what it sent.
    """
    limits = limits or ConformanceLimits()
    launched = launch_child(
        level=choose_level(wanted=level), place=EXAMINER, release=release, testing=True
    )
    try:
        deadline = time.monotonic() + limits.seconds
        exam = _Examination(release.manifest.id, launched, deadline, tell, is_unwanted)
        return exam.run(release, limits)
    finally:
        launched.kill()


class _Examination:
    """One short conversation, with an eye on the clock, the folder and on who waits for it."""

    def __init__(
        self,
        plugin: str,
        launched: Launched,
        deadline: float,
        tell: Tell,
        is_unwanted: Callable[[], bool],
    ) -> None:
        self._plugin = plugin
        self._launched = launched
        self._deadline = deadline
        self._tell = tell
        self._is_unwanted = is_unwanted
        self._reader = FrameReader(SENT)
        self._frames: deque[Frame] = deque()
        self._workspace = launched.workplace / "workspace"

    def run(self, release: ReleaseOnDisk, limits: ConformanceLimits) -> ConformanceReport:
        self._workspace.mkdir()
        self._workspace.chmod(0o777)
        directory = self._launched.admit(release)
        memory = max(limits.memory_bytes, release.manifest.grants.memory_bytes)
        first = self._launched.first_message(
            directory, memory_bytes=memory, workspace=self._workspace
        )
        self._ask(first, Started)
        report = self._ask(Examine(directory), Examined)
        try:
            return ConformanceReport.from_json(report.body.decode())
        except (ValueError, RecursionError) as error:
            raise self._failed("answered with something that is no report") from error

    def _ask(self, message: Message, expected: type[Message]) -> Frame:
        try:
            self._launched.channel.settimeout(_LOOK_SECONDS)
            self._launched.channel.sendall(encode_frame(Frame(encode_message(message)), RECEIVED))
            frame = self._receive()
            while isinstance(answer := decode_message(frame.head), Examining):
                self._tell(*_bounded(answer))
                frame = self._receive()
        except (FrameError, WireError) as error:
            raise self._failed("sent something that is no answer") from error
        except OSError as error:
            raise self._failed("stopped unexpectedly") from error
        if isinstance(answer, Error):
            log.warning("suites_failed", plugin=self._plugin, said=answer.message)
            raise self._failed("could not be tested")
        if not isinstance(answer, expected):
            raise self._failed("answered out of turn")
        return frame

    def _receive(self) -> Frame:
        while True:
            if self._is_unwanted():
                raise ExaminationStoppedError
            if time.monotonic() > self._deadline:
                raise self._failed("took too long for its tests")
            if _size_of(self._workspace) > SCRATCH_BYTES:
                raise self._failed("wrote too much to its folder")
            if self._frames:
                return self._frames.popleft()
            try:
                data = self._launched.channel.recv(_CHUNK)
            except TimeoutError:
                continue
            if data == b"":
                raise self._failed("stopped unexpectedly")
            self._frames.extend(self._reader.feed(data))

    def _failed(self, reason: str) -> PluginFailedError:
        return PluginFailedError(f"The process of the plugin {self._plugin} was lost: it {reason}.")


def _bounded(said: Examining) -> tuple[int, int]:
    """What a process claims, as figures that a page can show."""
    total = min(max(said.total, 0), _MOST_TESTS)
    return min(max(said.done, 0), total), total


def _size_of(folder: Path) -> int:
    size = 0
    for place, _folders, files in os.walk(folder):
        for name in files:
            try:
                size += (Path(place) / name).lstat().st_size
            except OSError:  # it went while we looked
                continue
    return size
