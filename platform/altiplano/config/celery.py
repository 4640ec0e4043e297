"""The portal's side of the broker: it names tasks, it never imports them."""

import queue
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from functools import cache

import structlog
from celery import Celery
from django.conf import settings

log = structlog.get_logger(__name__)

WAKING_TASKS = frozenset({"altiplano.runs.execute_run"})
"""Tasks of which one message does for many jobs: the worker takes all that it has room for."""

TRANSPORT_OPTIONS = {
    # Longer than any task may run; kombu would hand a longer one to a second worker.
    "visibility_timeout": 3600,
    "unacked_restore_interval": 5,
    "unacked_restore_throttle": 1,
    "socket_timeout": 10,
    "socket_connect_timeout": 2,
    "socket_keepalive": True,
    "health_check_interval": 25,
    "max_retries": 1,
}


@cache
def client() -> Celery:
    """The process's publisher. Failing fast matters: the sweeper publishes what was missed."""
    app = Celery("altiplano-client", broker=settings.REDIS_URL, set_as_current=False)
    app.conf.update(
        task_serializer="json",
        accept_content=["json"],
        task_ignore_result=True,
        broker_pool_limit=8,
        broker_connection_retry=False,
        broker_transport_options=TRANSPORT_OPTIONS,
        task_publish_retry=False,
    )
    return app


def publish_job(queue: str, task: str, job_id: str) -> None:
    """Put one message on ``queue``; raises what the broker's client raises."""
    client().send_task(task, args=[job_id], queue=queue, ignore_result=True)


class SoonPublisher:
    """Publishes on a thread of its own, so that a slow broker holds up nobody who commits.

    After a failure it waits ``PAUSE_SECONDS`` and drops what waits: those jobs are in the
    database, and the sweeper publishes them.
    """

    PAUSE_SECONDS = 2.0
    MAX_WAITING = 10_000

    def __init__(self, publish: Callable[[str, str, str], None]) -> None:
        self._publish = publish
        self._waiting: queue.Queue[tuple[str, str, str]] = queue.Queue(self.MAX_WAITING)
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None

    def put(self, job_queue: str, task: str, job_id: str) -> None:
        """The message will be sent soon, or else by the sweeper."""
        with self._lock:
            if self._thread is None:
                self._thread = threading.Thread(target=self._serve, name="publisher", daemon=True)
                self._thread.start()
        with suppress(queue.Full):
            self._waiting.put_nowait((job_queue, task, job_id))

    def _serve(self) -> None:
        quiet_until = 0.0
        while True:
            messages = self._next_messages()
            if time.monotonic() < quiet_until:
                continue
            try:
                for message in messages:
                    self._publish(*message)
            except Exception as error:  # noqa: BLE001 - whatever the broker's client raises
                quiet_until = time.monotonic() + self.PAUSE_SECONDS
                log.warning("job.publish_failed", error=type(error).__name__)

    def _next_messages(self) -> list[tuple[str, str, str]]:
        """All that waits; of those that only wake a worker up, one of each task."""
        waiting = [self._waiting.get()]
        with suppress(queue.Empty):
            while True:
                waiting.append(self._waiting.get_nowait())
        return list(
            {(task if task in WAKING_TASKS else job_id): (job_queue, task, job_id)
             for job_queue, task, job_id in waiting}.values()
        )  # fmt: skip


_soon = SoonPublisher(publish_job)


def publish_job_soon(queue: str, task: str, job_id: str) -> None:
    """As :func:`publish_job`, without waiting for the broker; never raises."""
    _soon.put(queue, task, job_id)
