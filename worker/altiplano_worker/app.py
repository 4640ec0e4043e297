"""The Celery application of the workers: queues, limits, schedule.

Queues: ``runs`` (thread pool, one asyncio loop per process), ``ingest`` and ``index`` (prefork),
``checks`` (one thread: one plugin is examined at a time), ``upkeep``. Started as ``celery -A altiplano_worker.app worker -Q ...``; beat publishes the schedule.
"""

import os
from typing import Any

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "altiplano.config.settings")

import django

django.setup()

from celery import Celery
from celery.signals import setup_logging
from django.conf import settings

from altiplano.config.celery import TRANSPORT_OPTIONS
from altiplano.config.telemetry import start_tracing

HARD_TIME_LIMIT = 3000
"""Seconds; below the visibility timeout, or a long task would be delivered twice."""

BEAT_SECONDS = min(10.0, settings.WORKER_SILENCE_SECONDS / 4)
"""Four proofs of life may be asked for, and a busy machine be late, before a worker is missed."""

app = Celery("altiplano", broker=settings.REDIS_URL)
app.conf.update(
    task_serializer="json",
    accept_content=["json"],
    result_accept_content=["json"],
    task_ignore_result=True,
    # A message is a hint, and what it hints at is in the database: acknowledging it late saves no
    # work, as a job whose worker died is claimed again when its lease runs out. It costs much: a
    # worker that holds unacknowledged messages when the broker goes away has to give them back over
    # the broken connection, and with kombu 5.7 a worker of threads does not survive that.
    task_acks_late=False,
    worker_prefetch_multiplier=1,
    # Nor does a busy worker keep hints in its pocket that would wake an idle one.
    worker_disable_prefetch=True,
    task_time_limit=HARD_TIME_LIMIT,
    broker_transport_options={**TRANSPORT_OPTIONS, "max_retries": None},
    broker_connection_retry_on_startup=True,
    broker_connection_max_retries=None,
    worker_max_memory_per_child=1_500_000,
    worker_soft_shutdown_timeout=5.0,
    worker_hijack_root_logger=False,
    worker_send_task_events=False,
    task_default_queue="upkeep",
    timezone="UTC",
    beat_scheduler="altiplano_worker.schedule:SteadyScheduler",
    beat_schedule={
        "sweep-jobs": {
            "task": "altiplano.kernel.sweep_jobs",
            "schedule": settings.SWEEP_SECONDS,
            "options": {"queue": "upkeep", "expires": settings.SWEEP_SECONDS},
        },
        "freeze-editions": {
            "task": "altiplano.challenges.freeze_begun_editions",
            "schedule": settings.SWEEP_SECONDS,
            "options": {"queue": "upkeep", "expires": settings.SWEEP_SECONDS},
        },
        "read-tool-servers": {
            "task": "altiplano.serving.read_tool_servers",
            "schedule": 30,
            "options": {"queue": "upkeep", "expires": 30},
        },
        "forget-old-lines": {
            "task": "altiplano.kernel.forget_old_lines",
            "schedule": 3600,
            "options": {"queue": "upkeep", "expires": 3600},
        },
        "forget-visitors": {
            "task": "altiplano.runs.forget_old_visits",
            "schedule": 3600,
            "options": {"queue": "upkeep", "expires": 3600},
        },
        "remove-unused-packages": {
            "task": "altiplano.catalog.remove_unused_packages",
            "schedule": 6 * 3600,
            "options": {"queue": "upkeep", "expires": 3600},
        },
        "load-due-sources": {
            "task": "altiplano.knowledge.load_due_sources",
            "schedule": 60,
            "options": {"queue": "upkeep", "expires": 60},
        },
        "remove-orphans": {
            "task": "altiplano.knowledge.remove_orphans",
            "schedule": 6 * 3600,
            "options": {"queue": "upkeep", "expires": 3600},
        },
        **{
            f"beat-{queue}": {
                "task": "altiplano.kernel.beat",
                "schedule": BEAT_SECONDS,
                "args": [queue],
                "options": {"queue": queue, "expires": BEAT_SECONDS},
            }
            for queue in ("runs", "ingest", "index", "checks", "upkeep")
        },
    },
    imports=("altiplano_worker.tasks",),
)


start_tracing("worker")


@setup_logging.connect
def keep_django_logs(**_: Any) -> None:
    """Celery leaves the logging that Django's settings configured alone."""
