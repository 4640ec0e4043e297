"""Many small jobs of one kind at once: claimed, renewed and finished in a statement each.

For work that takes less time than the bookkeeping of a job of its own. Every claim is as good as
one from :mod:`altiplano.kernel.jobs` and is fenced in the same way.
"""

from collections.abc import Sequence
from datetime import timedelta
from functools import reduce
from operator import or_

from django.conf import settings
from django.db import IntegrityError, connection, transaction
from django.db.models import F, Q
from django.utils import timezone

from altiplano.kernel.jobs import (
    JobClaim,
    LostClaimError,
    claim_job,
    claim_of,
    is_held,
    publish_on_commit,
)
from altiplano.kernel.models import Job, JobState
from altiplano.kernel.queries import is_handed_out


def claim_jobs(task: str, *, limit: int) -> list[JobClaim]:
    """At most ``limit`` jobs of the organization whose turn it is, the oldest first.

    A job that was tried before comes alone: should it take its worker down, it takes no other job's
    attempt with it.
    """
    first = claim_job(task)
    if first is None:
        return []
    if limit <= 1 or first.attempt > 1:
        return [first]
    return [first, *_claim_untried(first, limit - 1)]


def _claim_untried(first: JobClaim, limit: int) -> list[JobClaim]:
    now = timezone.now()
    jobs = Job.objects.filter(task=first.task, organization_id=first.organization_id)
    running = jobs.filter(state=JobState.RUNNING).values("subject_id")
    skip = connection.features.has_select_for_update_skip_locked
    try:
        with transaction.atomic():
            rows = list(
                jobs.select_for_update(skip_locked=skip)
                .filter(is_handed_out(), state=JobState.QUEUED, run_after__lte=now, attempt=0)
                .exclude(subject_id__in=running)
                .order_by("created_at", "id")[:limit]
            )
            Job.objects.filter(id__in=[job.id for job in rows]).update(
                state=JobState.RUNNING,
                epoch=F("epoch") + 1,
                attempt=1,
                lease_until=now + timedelta(seconds=settings.JOB_LEASE_SECONDS),
                started_at=now,
            )
    except IntegrityError:  # a twin of one of them was claimed at this moment
        return []
    for job in rows:
        job.epoch, job.attempt = job.epoch + 1, 1
    return [claim_of(job) for job in rows]


def _any_held(claims: Sequence[JobClaim]) -> Q:
    return reduce(or_, (is_held(claim) for claim in claims))


def hold_claims(claims: Sequence[JobClaim]) -> list[JobClaim]:
    """Within a transaction: those of the claims that are still held, and stay so to its end."""
    if not claims:
        return []
    rows = Job.objects.select_for_update().filter(_any_held(claims)).order_by("id")
    held = set(rows.values_list("id", flat=True))
    return [claim for claim in claims if claim.job_id in held]


def renew_leases(claims: Sequence[JobClaim]) -> list[JobClaim]:
    """Those of the claims that are still held; their leases run anew."""
    if not claims:
        return []
    until = timezone.now() + timedelta(seconds=settings.JOB_LEASE_SECONDS)
    jobs = Job.objects.filter(_any_held(claims))
    if jobs.update(lease_until=until) == len(claims):
        return list(claims)
    held = set(jobs.values_list("id", flat=True))
    return [claim for claim in claims if claim.job_id in held]


def finish_jobs(claims: Sequence[JobClaim]) -> None:
    """The jobs are done. For claims that :func:`hold_claims` returned in this transaction.

    Raises LostClaimError when one of them is not held after all.
    """
    if not claims:
        return
    updated = Job.objects.filter(_any_held(claims)).update(
        state=JobState.DONE, finished_at=timezone.now(), lease_until=None, reason=""
    )
    if updated < len(claims):
        raise LostClaimError
    twins = Job.objects.filter(
        task=claims[0].task,
        subject_id__in=[claim.subject_id for claim in claims],
        state=JobState.QUEUED,
    )
    for twin in twins:
        publish_on_commit(twin)


def release_jobs(claims: Sequence[JobClaim]) -> None:
    """The jobs wait again as if they had never been claimed. Lost claims are passed over.

    Their own messages may be used up by now, so one is published: it wakes a worker that can claim
    them all.
    """
    if not claims:
        return
    jobs = Job.objects.filter(_any_held(claims))
    waiting = jobs.first()
    if waiting is None:
        return
    try:
        with transaction.atomic():
            jobs.update(state=JobState.QUEUED, attempt=F("attempt") - 1, lease_until=None)
    except IntegrityError:  # an equal job was queued meanwhile; the lease will run out
        return
    publish_on_commit(waiting)
