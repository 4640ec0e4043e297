"""One reading process as the worker holds it: start, one question at a time, kill."""

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from queue import Empty, SimpleQueue
from threading import Thread
from time import monotonic
from typing import Any, BinaryIO

from altiplano_worker.runtime.parse_frames import (
    FrameError,
    FrameTooLargeError,
    read_frame,
    write_frame,
)

_STOP_SECONDS = 2.0

# What the process needs from the worker's environment to find its libraries and run them right.
_INHERITED = (
    "LD_LIBRARY_PATH", "OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE", "SYSTEMROOT", "TMPDIR", "TEMP",
)  # fmt: skip


class ExchangeCancelledError(Exception):
    """The caller stopped waiting."""


class TimeUpError(Exception):
    """No answer came in time."""


class EndedError(Exception):
    """The process ended before it answered."""


class ChildProcess:
    """A process in a session of its own, with two pipes and next to no environment."""

    def __init__(self, command: Sequence[str]) -> None:
        """Started; whether it works is seen at the first exchange. Raises OSError if not even that."""
        unix = sys.platform != "win32"
        self._process = subprocess.Popen(
            (*command, str(os.getpid())),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=_environment(),
            cwd="/" if unix else None,
            start_new_session=unix,
        )
        self._thread: Thread | None = None

    @property
    def pid(self) -> int:
        return self._process.pid

    def has_ended(self) -> bool:
        return self._process.poll() is not None

    def exchange(
        self,
        request: Mapping[str, Any] | None,
        *,
        seconds: float,
        max_bytes: int,
        is_cancelled: Callable[[], bool],
        poll_seconds: float,
    ) -> dict[str, Any]:
        """The next frame of the process, after it was sent ``request`` if there is one.

        Raises TimeUpError, ExchangeCancelledError, EndedError, FrameTooLargeError or FrameError;
        after any of them, and after whatever ``is_cancelled`` raises, the process must be killed.
        """
        results: SimpleQueue[dict[str, Any] | Exception] = SimpleQueue()
        # A thread, because pipes cannot be waited for with a deadline on every platform.
        self._thread = Thread(
            target=self._talk, args=(request, max_bytes, results), name="parse-pipe", daemon=True
        )
        self._thread.start()
        result = _wait_for(results, monotonic() + seconds, is_cancelled, poll_seconds)
        if isinstance(result, Exception):
            raise result
        return result

    def _talk(
        self,
        request: Mapping[str, Any] | None,
        max_bytes: int,
        results: "SimpleQueue[dict[str, Any] | Exception]",
    ) -> None:
        try:
            if request is not None:
                write_frame(self._pipe(self._process.stdin), request)
            frame = read_frame(self._pipe(self._process.stdout), max_bytes=max_bytes)
        except (FrameError, FrameTooLargeError) as error:
            results.put(error)
        except Exception as error:  # noqa: BLE001 - the waiting side must hear of every end
            results.put(EndedError(str(error)))
        else:
            results.put(frame if frame is not None else EndedError("the pipe was closed"))

    @staticmethod
    def _pipe(stream: Any) -> BinaryIO:
        pipe: BinaryIO = stream
        return pipe

    def kill(self) -> int:
        """Nothing of the process group runs any more; the exit code, negative for a signal."""
        if sys.platform == "win32":
            self._process.kill()
        else:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self._process.pid, signal.SIGKILL)
        return self._reap()

    def stop(self) -> int:
        """The process has ended, by itself when it notices in time that its input was closed."""
        with contextlib.suppress(OSError):
            self._pipe(self._process.stdin).close()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(_STOP_SECONDS)
            return self._reap()
        return self.kill()

    def _reap(self) -> int:
        code = self._process.wait()
        if self._thread is not None:
            self._thread.join(_STOP_SECONDS)
        # A descendant that left the group may hold the pipe; a stream in use cannot be closed.
        if self._thread is None or not self._thread.is_alive():
            for stream in (self._process.stdin, self._process.stdout):
                with contextlib.suppress(OSError):
                    self._pipe(stream).close()
        return code


def _environment() -> dict[str, str]:
    kept = {name: os.environ[name] for name in _INHERITED if name in os.environ}
    return {"LC_ALL": "C.UTF-8", "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", **kept}


def _wait_for(
    results: "SimpleQueue[dict[str, Any] | Exception]",
    deadline: float,
    is_cancelled: Callable[[], bool],
    poll_seconds: float,
) -> dict[str, Any] | Exception:
    while True:
        left = deadline - monotonic()
        try:
            return results.get(timeout=max(0.0, min(poll_seconds, left)))
        except Empty:
            if is_cancelled():
                raise ExchangeCancelledError from None
            if left <= 0:
                raise TimeUpError from None
