"""Asking the workers to prove that they consume, without waiting for the schedule to do so."""

import structlog
from django.conf import settings
from django.utils.module_loading import import_string

from altiplano.ops.health import QUEUES

log = structlog.get_logger(__name__)

BEAT_TASK = "altiplano.kernel.beat"


def ask_for_heartbeats() -> None:
    """One message lies on each queue; the worker that takes it writes its heartbeat.

    With the broker down nothing happens: the schedule asks again.
    """
    publish = import_string(settings.JOB_PUBLISHER)
    for queue in QUEUES:
        try:
            publish(queue, BEAT_TASK, queue)
        except Exception as error:  # noqa: BLE001 - whatever the broker's client raises
            log.warning("heartbeat.not_requested", error=type(error).__name__)
            return
