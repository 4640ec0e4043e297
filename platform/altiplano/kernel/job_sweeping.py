"""The sweeper: what a lost message, a dead worker or a clock that was set left behind moves again."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db import connection, transaction
from django.db.models import F, Q
from django.utils import timezone

from altiplano.kernel.jobs import HINTS_PER_SWEEP, MAX_DELAY, JobClaim, claim_of, publish
from altiplano.kernel.models import Job, JobState
from altiplano.kernel.queries import is_handed_out

REPUBLISH_AFTER = timedelta(seconds=30)


@dataclass(frozen=True, slots=True)
class SweepResult:
    published: int
    exhausted: list[JobClaim]


def sweep_jobs() -> SweepResult:
    """Every job moves again: lost messages are published anew, dead jobs are failed.

    ``exhausted`` names jobs that just failed because each attempt died without a word; their
    subjects still need to be told by the area that owns them.
    """
    now = timezone.now()
    _forget_future_times(now)
    exhausted = [
        claim_of(job)
        for job in Job.objects.filter(attempt__gte=F("max_attempts")).filter(
            Q(state=JobState.RUNNING, lease_until__lt=now) | Q(state=JobState.QUEUED)
        )
    ]
    with transaction.atomic():
        # Whoever has locked one of them is moving it at this moment.
        skip = connection.features.has_select_for_update_skip_locked
        untold = Job.objects.filter(
            Q(state=JobState.QUEUED, run_after__lte=now)
            & (Q(published_at__lt=now - REPUBLISH_AFTER) | Q(published_at__lt=F("run_after")))
            | Q(state=JobState.RUNNING, lease_until__lt=now)
        ).filter(is_handed_out(), attempt__lt=F("max_attempts"))
        locked = untold.select_for_update(skip_locked=skip, of=("self",) if skip else ())
        waiting = [
            job
            for task in list(untold.order_by().values_list("task", flat=True).distinct())
            for job in locked.filter(task=task).order_by("created_at")[:HINTS_PER_SWEEP]
        ]
        Job.objects.filter(id__in=[job.id for job in waiting]).update(published_at=now)
    for job in waiting:
        publish(job)
    return SweepResult(published=len(waiting), exhausted=exhausted)


def _forget_future_times(now: datetime) -> None:
    """Nothing waits for a time that was written before the clock was set back.

    A clock that jumps ahead needs no care: leases seem expired, the jobs are claimed anew, and
    whoever worked on them is fenced off.
    """
    latest = now + timedelta(seconds=settings.JOB_LEASE_SECONDS)
    Job.objects.filter(state=JobState.RUNNING, lease_until__gt=latest).update(lease_until=latest)
    queued = Job.objects.filter(state=JobState.QUEUED)
    queued.filter(run_after__gt=now + MAX_DELAY).update(run_after=now)
    queued.filter(published_at__gt=now).update(published_at=now)
