"""One running process: started on a leash and in a group of its own, heard, stopped whole."""

import asyncio
import contextlib
import os
import time
from collections import deque
from collections.abc import Mapping, Sequence

from altiplano.ops.supervisor.output import PartLog
from altiplano.ops.supervisor.processes import (
    group_exists,
    parent_death_leash,
    process_started_at,
    signal_group,
)

LINE_BYTES = 64 * 1024
LAST_LINES = 12
GROUP_POLL_SECONDS = 0.05


class Child:
    """A process and everything it starts. ``start`` it once."""

    def __init__(self, log: PartLog) -> None:
        self._log = log
        self._process: asyncio.subprocess.Process | None = None
        self._reader: asyncio.Task[None] | None = None
        self.last_lines: deque[str] = deque(maxlen=LAST_LINES)
        self.started_at = ""
        self.born = 0.0

    @property
    def pid(self) -> int:
        return self._process.pid if self._process else 0

    @property
    def age(self) -> float:
        """Seconds since the start."""
        return time.monotonic() - self.born

    @property
    def is_running(self) -> bool:
        return self._process is not None and self._process.returncode is None

    async def start(
        self, argv: Sequence[str], *, environment: Mapping[str, str], stdin: bytes = b""
    ) -> None:
        """The program runs in its own session, so that Ctrl-C reaches only the supervisor."""
        self._process = await asyncio.create_subprocess_exec(
            *argv,
            env={**os.environ, **environment},
            stdin=asyncio.subprocess.PIPE if stdin else asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            limit=LINE_BYTES,
            start_new_session=True,
            preexec_fn=parent_death_leash(),
        )
        self.born = time.monotonic()
        self.started_at = process_started_at(self._process.pid) or ""
        self._reader = asyncio.create_task(self._read())
        if stdin and self._process.stdin:
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                self._process.stdin.write(stdin)
                await self._process.stdin.drain()
            self._process.stdin.close()

    async def _read(self) -> None:
        stream = self._process.stdout if self._process else None
        while stream is not None:
            try:
                raw = await stream.readline()
            except ValueError:  # a line beyond the limit; what was read of it is dropped
                continue
            if not raw:
                return
            self.last_lines.append(raw.decode("utf-8", "replace").rstrip())
            self._log.write(raw)

    async def wait(self) -> int:
        """The exit code, after everything the process said has been heard."""
        if self._process is None:
            raise RuntimeError("wait for a child that was never started")
        code = await self._process.wait()
        if self._reader:
            # A grandchild may keep the pipe open; what it says is not worth waiting for.
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._reader, 1.0)
        return code

    async def stop(self, grace_seconds: float) -> None:
        """No process of the group is left: asked first, killed after the grace time."""
        if self._process is None:
            return
        deadline = time.monotonic() + grace_seconds
        signal_group(self.pid, kill=False)
        while group_exists(self.pid) and time.monotonic() < deadline:  # noqa: ASYNC110 - no event
            await asyncio.sleep(GROUP_POLL_SECONDS)
        signal_group(self.pid, kill=True)
        await self.wait()
