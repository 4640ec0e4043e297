"""Asking the workers to prove that they consume, without waiting for the schedule to do so."""

import contextlib

from kombu.exceptions import OperationalError

from altiplano.config.celery import client
from altiplano.ops.health import QUEUES

BEAT_TASK = "altiplano.kernel.beat"


def ask_for_heartbeats() -> None:
    """One message lies on each queue; the worker that takes it writes its heartbeat.

    With the broker down nothing happens: the schedule asks again.
    """
    for queue in QUEUES:
        with contextlib.suppress(OperationalError, OSError):
            client().send_task(BEAT_TASK, args=[queue], queue=queue, ignore_result=True)
