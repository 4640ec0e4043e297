"""Numbers for Prometheus, read from the database when they are asked for.

They are the same whichever process answers, and right after a restart: nothing is counted in
memory that the database knows.
"""

import time
from collections.abc import Iterable
from datetime import UTC, datetime

from django.db.models import Count, Sum
from prometheus_client import CollectorRegistry, PlatformCollector, ProcessCollector
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.exposition import generate_latest
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from altiplano.kernel.ids import first_id_at
from altiplano.kernel.models import Heartbeat, Job, JobState, QueueHold
from altiplano.kernel.queries import queue_depths
from altiplano.knowledge.models import DocumentState, DocumentVersion
from altiplano.ops.health import QUEUES
from altiplano.ops.job_operations import unsolved_failures
from altiplano.ops.speed import read_speed
from altiplano.runs.models import DailyUsage, Run, RunState

__all__ = ["PlatformState", "first_id_at", "render_metrics"]

RUN_WINDOW_SECONDS = 3600


class PlatformState(Collector):
    """Queues, jobs, documents, runs and heartbeats as they are now."""

    def collect(self) -> Iterable[Metric]:
        now = datetime.now(UTC)
        yield from _queues(now)
        yield _by_state(
            "altiplano_jobs_active",
            "Jobs that are queued or running.",
            (JobState.QUEUED, JobState.RUNNING),
            Job.objects.filter(state__in=[JobState.QUEUED, JobState.RUNNING])
            .order_by()
            .values_list("state")
            .annotate(Count("id")),
        )
        yield _by_state(
            "altiplano_document_versions",
            "Document versions by state.",
            DocumentState.values,
            DocumentVersion.unscoped.order_by().values_list("state").annotate(Count("id")),
        )
        recent = Run.unscoped.filter(id__gte=first_id_at(time.time() - RUN_WINDOW_SECONDS))
        yield _by_state(
            "altiplano_runs_last_hour",
            "Runs started in the last hour, by state.",
            RunState.values,
            recent.order_by().values_list("state").annotate(Count("id")),
        )
        yield _heartbeats(now)
        yield GaugeMetricFamily(
            "altiplano_jobs_failed",
            "Failed jobs whose work nobody has begun anew.",
            value=unsolved_failures().count(),
        )
        yield _usage_today(now)
        speed = read_speed()
        yield GaugeMetricFamily(
            "altiplano_engine_tokens_per_second",
            "Tokens that all engines wrote, a second, over the last five minutes.",
            value=speed.in_all,
        )
        yield GaugeMetricFamily(
            "altiplano_answer_tokens_per_second",
            "Tokens a second of one answer while it is written, over the last five minutes.",
            value=speed.of_one,
        )
        yield GaugeMetricFamily(
            "altiplano_storage_bytes",
            "All files of all organizations.",
            value=DocumentVersion.unscoped.aggregate(sum=Sum("bytes"))["sum"] or 0,
        )


def _queues(now: datetime) -> Iterable[Metric]:
    depth = GaugeMetricFamily("altiplano_queue_jobs", "Jobs that wait, by queue.", labels=["queue"])
    age = GaugeMetricFamily(
        "altiplano_queue_oldest_seconds", "Age of the oldest job that waits.", labels=["queue"]
    )
    held = GaugeMetricFamily(
        "altiplano_queue_held", "1 while an operator holds the queue.", labels=["queue"]
    )
    depths = {row.queue: row for row in queue_depths()}
    holds = set(QueueHold.objects.values_list("queue", flat=True))
    for queue in sorted({*QUEUES, *depths, *holds}):
        row = depths.get(queue)
        held.add_metric([queue], int(queue in holds))
        depth.add_metric([queue], row.waiting if row else 0)
        oldest = row.oldest_at if row else None
        age.add_metric([queue], (now - oldest).total_seconds() if oldest else 0)
    return depth, age, held


def _usage_today(now: datetime) -> Metric:
    family = GaugeMetricFamily(
        "altiplano_usage_today",
        "What all organizations used since midnight UTC.",
        labels=["what"],
    )
    used = DailyUsage.unscoped.filter(day=now.date()).aggregate(
        runs=Sum("runs"),
        prompt_tokens=Sum("prompt_tokens"),
        completion_tokens=Sum("completion_tokens"),
    )
    for what, count in used.items():
        family.add_metric([what], count or 0)
    return family


def _heartbeats(now: datetime) -> Metric:
    family = GaugeMetricFamily(
        "altiplano_heartbeat_age_seconds",
        "Since a part last proved that it works.",
        labels=["part"],
    )
    for beat in Heartbeat.objects.all():
        family.add_metric([beat.name], max(0.0, (now - beat.beaten_at).total_seconds()))
    return family


def _by_state(
    name: str, text: str, states: Iterable[str], rows: Iterable[tuple[str, int]]
) -> Metric:
    """A gauge with one sample per known state, zeros included: alerts need no special cases."""
    family = GaugeMetricFamily(name, text, labels=["state"])
    counts = dict(rows)
    for state in states:
        family.add_metric([str(state)], counts.get(str(state), 0))
    return family


def render_metrics() -> bytes:
    """Everything in Prometheus' text format."""
    registry = CollectorRegistry(auto_describe=False)
    ProcessCollector(registry=registry)
    PlatformCollector(registry=registry)
    registry.register(PlatformState())
    return generate_latest(registry)
