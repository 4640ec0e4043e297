"""The part of the log that is kept in the database: what workers say while they hold a job.

A processor passes every line on; one that is bound to a job (``kernel.job_context``) is also handed
to a thread that stores such lines in groups. Work never waits for it: a full buffer, or a database
that is away, costs lines, which are in the worker's own log as well.
"""

import queue
import threading
import time
import uuid
from collections.abc import Callable, Mapping, MutableMapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any, Final

from altiplano.config.redaction import hide_secrets, installation_secrets

LEVELS: Final[Mapping[str, str]] = {
    "info": "info",
    "warning": "warning",
    "warn": "warning",
    "error": "error",
    "critical": "error",
    "exception": "error",
}
GROUP_SECONDS: Final = 0.5
MOST_WAITING: Final = 2000
NOT_SAID: Final = frozenset(
    {"job", "attempt", "event", "level", "logger", "timestamp", "exception"}
)
"""Keys that a line does not repeat: they are columns of its own, or stand elsewhere in it."""

Event = MutableMapping[str, Any]
Store = Callable[[Sequence[Any]], object]


class JobLines:
    """A structlog processor. ``store`` is given what has gathered, on a thread of its own."""

    def __init__(self, store: Store | None = None) -> None:
        self._store = store or _store_lines
        self._waiting: queue.Queue[Any] = queue.Queue(MOST_WAITING)
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._secrets: frozenset[str] | None = None

    def __call__(self, _logger: Any, method: str, event: Event) -> Event:
        level = LEVELS.get(str(event.get("level", method)))
        if level is not None and event.get("job") is not None:
            line = self._line(level, event)
            if line is not None:
                self._start()
                with suppress(queue.Full):
                    self._waiting.put_nowait(line)
        return event

    def _line(self, level: str, event: Event) -> Any:
        from altiplano.kernel.job_logs import LINE_CHARS, Line

        try:
            job_id = uuid.UUID(str(event["job"]))
        except ValueError:
            return None
        if self._secrets is None:
            self._secrets = installation_secrets()
        attempt = event.get("attempt")
        return Line(
            job_id=job_id,
            attempt=attempt if isinstance(attempt, int) else 0,
            at=datetime.now(UTC),
            level=level,
            text=hide_secrets(words_of(event), self._secrets)[:LINE_CHARS],
        )

    def _start(self) -> None:
        if self._thread is not None and self._thread.is_alive():
            return
        with self._lock:
            if self._thread is None or not self._thread.is_alive():  # no thread outlives a fork
                self._thread = threading.Thread(target=self._serve, name="job-lines", daemon=True)
                self._thread.start()

    def _serve(self) -> None:
        while True:
            lines = [self._waiting.get()]
            deadline = time.monotonic() + GROUP_SECONDS
            with suppress(queue.Empty):
                while (left := deadline - time.monotonic()) > 0:
                    lines.append(self._waiting.get(timeout=left))
            with suppress(Exception):  # they are in the worker's own log as well
                self._store(lines)


def words_of(event: Mapping[str, Any]) -> str:
    """The event's name, what it says of itself, and the last lines of an exception."""
    parts = [str(event.get("event", ""))]
    parts += [f"{name}={value}" for name, value in event.items() if name not in NOT_SAID]
    text = " ".join(part for part in parts if part)
    exception = str(event.get("exception") or "").strip()
    return f"{text}\n{exception[-1500:]}" if exception else text


def _store_lines(lines: Sequence[Any]) -> None:
    from django.db import close_old_connections

    from altiplano.kernel.job_logs import store_lines

    close_old_connections()
    store_lines(lines)
