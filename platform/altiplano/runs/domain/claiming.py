"""Workers take the runs that wait, many at once, in turns between organizations."""

from datetime import timedelta

from django.conf import settings
from django.db.models import Count, F, OuterRef, Q, Subquery, Window
from django.db.models.functions import Coalesce, RowNumber
from django.utils import timezone

from altiplano.kernel.jobs import JobClaim
from altiplano.kernel.models import Job, JobState
from altiplano.kernel.queries import is_handed_out
from altiplano.runs.jobs import ExecuteRun


def claim_runs(limit: int) -> list[JobClaim]:
    """At most ``limit`` runs that waited are claimed, in the caller's transaction.

    An organization's next run stands behind those it has running: whoever has few of both goes
    first, and a thousand questions of one organization do not delay the single one of another.
    """
    now = timezone.now()
    jobs = Job.objects.filter(task=ExecuteRun.task)
    running = (
        jobs.filter(organization_id=OuterRef("organization_id"), state=JobState.RUNNING)
        .order_by()
        .values("organization_id")
        .annotate(count=Count("id"))
        .values("count")
    )
    waiting = (
        Q(state=JobState.QUEUED, run_after__lte=now)
        | Q(state=JobState.RUNNING, lease_until__lt=now)
    ) & Q(attempt__lt=F("max_attempts"))
    turns = (
        jobs.filter(waiting, is_handed_out())
        .annotate(
            turn=Window(RowNumber(), partition_by="organization_id", order_by=["created_at", "id"])
            + Coalesce(Subquery(running), 0)
        )
        .order_by("turn", "created_at", "id")
        .values_list("id", flat=True)[:limit]
    )
    # The rows are locked and looked at again: another worker may have taken some meanwhile.
    free = list(
        Job.objects.select_for_update(skip_locked=True, of=("self",)).filter(
            waiting, id__in=list(turns)
        )
    )
    Job.objects.filter(id__in=[job.id for job in free]).update(
        state=JobState.RUNNING,
        epoch=F("epoch") + 1,
        attempt=F("attempt") + 1,
        lease_until=now + timedelta(seconds=settings.JOB_LEASE_SECONDS),
        started_at=now,
    )
    return [
        JobClaim(
            job_id=job.id,
            subject_id=job.subject_id,
            organization_id=job.organization_id,
            task=job.task,
            epoch=job.epoch + 1,
            attempt=job.attempt + 1,
            max_attempts=job.max_attempts,
            trace_parent=job.trace_parent,
        )
        for job in free
    ]
