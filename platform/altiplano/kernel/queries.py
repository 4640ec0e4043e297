"""Reads about jobs and heartbeats."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count, Exists, Min, OuterRef, Q
from django.utils import timezone

from altiplano.kernel.models import Heartbeat, HoldMode, Job, JobState, QueueHold


@dataclass(frozen=True, slots=True)
class QueueDepth:
    queue: str
    waiting: int
    oldest_at: datetime | None


def queue_depths() -> list[QueueDepth]:
    rows = (
        Job.objects.filter(state=JobState.QUEUED)
        .order_by("queue")
        .values("queue")
        .annotate(waiting=Count("id"), oldest_at=Min("created_at"))
    )
    return [QueueDepth(row["queue"], row["waiting"], row["oldest_at"]) for row in rows]


def beat(name: str) -> None:
    """The part called ``name`` is alive as of now."""
    Heartbeat.objects.update_or_create(name=name, defaults={"beaten_at": timezone.now()})


def has_beaten_within(name: str, age: timedelta) -> bool:
    return Heartbeat.objects.filter(name=name, beaten_at__gte=timezone.now() - age).exists()


def holds_job_of(queue: str) -> bool:
    """Whether some worker has a job of ``queue`` under a lease that has not run out."""
    held = Job.objects.filter(queue=queue, state=JobState.RUNNING, lease_until__gt=timezone.now())
    return held.exists()


def is_handed_out() -> Q:
    """The condition, on jobs, that no operator's hold on their queue keeps them from the workers."""
    holds = QueueHold.objects.filter(queue=OuterRef("queue")).filter(
        Q(mode=HoldMode.PAUSED) | Q(since__lte=OuterRef("created_at"))
    )
    return Q(~Exists(holds))
