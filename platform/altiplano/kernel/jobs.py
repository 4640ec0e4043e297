"""Jobs: written with the business row, published after the commit, claimed by lease and epoch.

A lost message is found by the sweeper, a doubled one finds nothing to claim, a dead worker's
lease expires. ``security-and-reliability`` measurements L1 to L10 are the reasons.
"""

import uuid
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cache
from typing import ClassVar

import structlog
from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import Count, F, Max, Min, Q, QuerySet
from django.utils import timezone
from django.utils.module_loading import import_string

from altiplano.kernel.models import ACTIVE_STATES, Job, JobState
from altiplano.kernel.queries import is_handed_out
from altiplano.kernel.tracing import current_trace_parent

log = structlog.get_logger(__name__)

RETRY_DELAYS = (timedelta(seconds=5), timedelta(seconds=30), timedelta(minutes=2))
MAX_DELAY = timedelta(minutes=10)
"""No job is told to wait longer: one that has to was queued before the clock was set back."""

CREATE_TRIES = 5
HINTS_PER_SWEEP = 32
"""Of one task. A message makes a worker look for any job of the task, so a few are enough; one for
each of five thousand that wait for hours would pile up in the broker.
"""


@dataclass(frozen=True, slots=True)
class JobSpec:
    """What to do, on which row. Subclasses name the task; ``tests/contract`` pairs them.

    ``trace_parent`` is for work that is written on another thread than the one that asked for it.
    """

    subject_id: uuid.UUID
    trace_parent: str = ""
    task: ClassVar[str]
    queue: ClassVar[str]


class LostClaimError(Exception):
    """Another worker holds the job by now, or it was cancelled: drop the work, change nothing."""


@dataclass(frozen=True, slots=True)
class JobClaim:
    """The right to commit effects of one attempt at a job."""

    job_id: uuid.UUID
    subject_id: uuid.UUID
    organization_id: uuid.UUID
    task: str
    epoch: int
    attempt: int
    max_attempts: int
    trace_parent: str = ""

    @property
    def is_last_attempt(self) -> bool:
        return self.attempt >= self.max_attempts


def create_job(
    spec: JobSpec,
    *,
    organization_id: uuid.UUID,
    delay: timedelta = timedelta(0),
    max_attempts: int | None = None,
) -> Job:
    """A queued job for this task and subject; an equal queued one is reused.

    Call it in the transaction that writes the subject: the broker hears of it after the commit.
    No worker begins a reused one before that commit either, and so overlooks what it makes
    visible: its row is locked.
    """
    if delay > MAX_DELAY:
        raise ValueError(f"a job waits at most {MAX_DELAY}, not {delay}")
    for _ in range(CREATE_TRIES):
        with transaction.atomic():
            twin = _queued_twins(spec.task, spec.subject_id).select_for_update().first()
        if twin is not None:
            return twin
        job = _new_job(spec, organization_id, delay, max_attempts)
        try:
            with transaction.atomic():
                job.save(force_insert=True)
        except IntegrityError:
            continue  # an equal one was queued at this moment, and perhaps claimed since
        if not delay:
            publish_on_commit(job)
        return job
    raise RuntimeError(f"equal jobs of {spec.task} come and go faster than one can be made")


def _queued_twins(task: str, subject_id: uuid.UUID) -> QuerySet[Job]:
    return Job.objects.filter(task=task, subject_id=subject_id, state=JobState.QUEUED)


def _new_job(
    spec: JobSpec, organization_id: uuid.UUID, delay: timedelta, max_attempts: int | None
) -> Job:
    now = timezone.now()
    return Job(
        task=spec.task,
        queue=spec.queue,
        subject_id=spec.subject_id,
        organization_id=organization_id,
        run_after=now + delay,
        created_at=now,
        published_at=now,
        max_attempts=max_attempts or settings.JOB_MAX_ATTEMPTS,
        trace_parent=spec.trace_parent or current_trace_parent(),
    )


def create_jobs(
    specs: list[JobSpec], *, organization_id: uuid.UUID, max_attempts: int | None = None
) -> None:
    """As :func:`create_job` for many new subjects in one insert."""
    jobs = Job.objects.bulk_create(
        [_new_job(spec, organization_id, timedelta(0), max_attempts) for spec in specs]
    )
    for job in jobs:
        publish_on_commit(job)


@cache
def _publisher(path: str) -> Callable[[str, str, str], None]:
    publisher: Callable[[str, str, str], None] = import_string(path)
    return publisher


def publish_on_commit(job: Job) -> None:
    transaction.on_commit(lambda: publish(job), robust=True)


def publish(job: Job) -> None:
    """Tell the broker that ``job`` waits. A silent broker loses nothing: the sweeper tells again.

    ``settings.JOB_PUBLISHER`` names a function of queue, task and job id.
    """
    try:
        _publisher(settings.JOB_PUBLISHER)(job.queue, job.task, str(job.id))
    except Exception as error:  # noqa: BLE001 - whatever the broker's client raises
        log.warning("job.publish_failed", task=job.task, error=type(error).__name__)


def claim_job(task: str) -> JobClaim | None:
    """The next job of this task by fair share, now running in the caller's name; None if none.

    Fair share: the organization with the fewest running jobs goes first, then the one that has
    waited longest since its last start, so that five thousand documents of one organization do
    not delay the single document of another. A queue that an operator holds gives nothing.
    """
    for _ in range(8):
        now = timezone.now()
        job_id = _next_job(task, now)
        if job_id is None:
            return None
        claim = claim_job_by_id(job_id, now=now)
        if claim is not None:
            return claim
    return None


def _next_job(task: str, now: datetime) -> uuid.UUID | None:
    expired = Q(state=JobState.RUNNING, lease_until__lt=now)
    # A queued twin of a running job waits for it: one worker per task and subject.
    running_subjects = Job.objects.filter(task=task, state=JobState.RUNNING).values("subject_id")
    ready = Q(state=JobState.QUEUED, run_after__lte=now) & ~Q(subject_id__in=running_subjects)
    # One without attempts left is the sweeper's; it must not stand in the way of the others.
    jobs = Job.objects.filter(is_handed_out(), task=task, attempt__lt=F("max_attempts"))
    waiting = (
        jobs.filter(ready | expired)
        .order_by()
        .values("organization_id")
        .annotate(oldest=Min("created_at"))
        .values_list("organization_id", "oldest")
    )
    oldest_by_organization: dict[uuid.UUID, datetime] = dict(waiting)
    if not oldest_by_organization:
        return None
    if len(oldest_by_organization) == 1:
        organization_id = next(iter(oldest_by_organization))
    else:
        shares: dict[uuid.UUID, tuple[int, datetime | None]] = {
            row["organization_id"]: (row["running"], row["last"])
            for row in Job.objects.filter(task=task, organization_id__in=oldest_by_organization)
            .order_by()
            .values("organization_id")
            .annotate(running=Count("id", filter=Q(state=JobState.RUNNING)), last=Max("started_at"))
        }
        never = datetime.min.replace(tzinfo=now.tzinfo)

        def turn(organization_id: uuid.UUID) -> tuple[int, datetime, datetime]:
            running, last = shares.get(organization_id, (0, None))
            return running, last or never, oldest_by_organization[organization_id]

        organization_id = min(oldest_by_organization, key=turn)
    return (
        jobs.filter(ready | expired, organization_id=organization_id)
        .order_by("created_at", "id")
        .values_list("id", flat=True)
        .first()
    )


def claim_job_by_id(job_id: uuid.UUID, *, now: datetime | None = None) -> JobClaim | None:
    """The claim on this job, or None when it is not to be had.

    A job whose attempts are used up is never claimed; the sweeper fails it (a document that kills
    its worker every time ends after ``max_attempts``).
    """
    now = now or timezone.now()
    try:
        job = _take(job_id, now)
    except IntegrityError:  # a twin on the same subject was claimed at the same moment
        return None
    return None if job is None else claim_of(job)


def _take(job_id: uuid.UUID, now: datetime) -> Job | None:
    with transaction.atomic():
        updated = (
            Job.objects.filter(is_handed_out(), id=job_id, attempt__lt=F("max_attempts"))
            .filter(
                Q(state=JobState.QUEUED, run_after__lte=now)
                | Q(state=JobState.RUNNING, lease_until__lt=now)
            )
            .update(
                state=JobState.RUNNING,
                epoch=F("epoch") + 1,
                attempt=F("attempt") + 1,
                lease_until=now + timedelta(seconds=settings.JOB_LEASE_SECONDS),
                started_at=now,
            )
        )
        return Job.objects.get(id=job_id) if updated else None


def claim_of(job: Job) -> JobClaim:
    """The claim that its present state gives whoever has just taken ``job``."""
    return JobClaim(
        job_id=job.id,
        subject_id=job.subject_id,
        organization_id=job.organization_id,
        task=job.task,
        epoch=job.epoch,
        attempt=job.attempt,
        max_attempts=job.max_attempts,
        trace_parent=job.trace_parent,
    )


def is_held(claim: JobClaim) -> Q:
    """The condition under which the claim is still the job's last one."""
    return Q(id=claim.job_id, epoch=claim.epoch, state=JobState.RUNNING)


def renew_lease(claim: JobClaim) -> None:
    """The lease runs anew from now. Raises LostClaimError when it is no longer ours."""
    until = timezone.now() + timedelta(seconds=settings.JOB_LEASE_SECONDS)
    if not Job.objects.filter(is_held(claim)).update(lease_until=until):
        raise LostClaimError


def record_progress(claim: JobClaim) -> JobClaim:
    """The lease runs anew and the attempts count from one again: only those without any progress
    count towards giving up. Holds the claim as :func:`hold_claim` does. Raises LostClaimError.
    """
    until = timezone.now() + timedelta(seconds=settings.JOB_LEASE_SECONDS)
    if not Job.objects.filter(is_held(claim)).update(lease_until=until, attempt=1):
        raise LostClaimError
    return replace(claim, attempt=1)


def has_rivals(claim: JobClaim) -> bool:
    """True when a job of the same task waits for a worker, about another subject."""
    return (
        Job.objects.filter(task=claim.task, state=JobState.QUEUED, run_after__lte=timezone.now())
        .exclude(subject_id=claim.subject_id)
        .exists()
    )


def hold_claim(claim: JobClaim) -> None:
    """Within a transaction: commit what follows only while the claim is held.

    Locks the row where the database can; SQLite's IMMEDIATE transactions exclude others anyway.
    Raises LostClaimError.
    """
    if not Job.objects.select_for_update().filter(is_held(claim)).exists():
        raise LostClaimError


def finish_job(claim: JobClaim) -> None:
    """The job is done. Raises LostClaimError; call it in the transaction of the last effect.

    A twin that was queued meanwhile (more to index, say) is announced after the commit.
    """
    updated = Job.objects.filter(is_held(claim)).update(
        state=JobState.DONE, finished_at=timezone.now(), lease_until=None, reason=""
    )
    if not updated:
        raise LostClaimError
    twin = _queued_twins(claim.task, claim.subject_id).first()
    if twin is not None:
        publish_on_commit(twin)


def fail_job(claim: JobClaim, reason: str) -> None:
    """The job has failed for good, with a reason a person understands. Raises LostClaimError."""
    updated = Job.objects.filter(is_held(claim)).update(
        state=JobState.FAILED,
        finished_at=timezone.now(),
        lease_until=None,
        reason=reason[:500],
    )
    if not updated:
        raise LostClaimError
    _say("job.failed", claim, reason)


def retry_job(claim: JobClaim, reason: str) -> bool:
    """Queue the job again after a pause; False when its attempts are used up (then it failed).

    Raises LostClaimError.
    """
    if claim.is_last_attempt:
        fail_job(claim, reason)
        return False
    delay = RETRY_DELAYS[min(claim.attempt, len(RETRY_DELAYS)) - 1]
    held = Job.objects.filter(is_held(claim))
    with transaction.atomic():
        hold_claim(claim)
        try:
            with transaction.atomic():
                held.update(
                    state=JobState.QUEUED,
                    lease_until=None,
                    run_after=timezone.now() + delay,
                    reason=reason[:500],
                )
        except IntegrityError:  # an equal job was queued meanwhile; it does the same work
            held.update(
                state=JobState.CANCELLED,
                lease_until=None,
                finished_at=timezone.now(),
                reason=reason[:500],
            )
    _say("job.tried_again_later", claim, reason)
    return True


def _say(event: str, claim: JobClaim, reason: str) -> None:
    """For the job's own page as well; see ``kernel.job_logs``."""
    log.warning(event, job=str(claim.job_id), attempt=claim.attempt, task=claim.task, reason=reason)


def cancel_jobs(*, subject_id: uuid.UUID) -> int:
    """No active job is about this subject any more; whoever works on one loses its claim."""
    return Job.objects.filter(subject_id=subject_id, state__in=ACTIVE_STATES).update(
        state=JobState.CANCELLED, finished_at=timezone.now(), lease_until=None
    )


def fail_exhausted_job(claim: JobClaim, reason: str) -> bool:
    """Fail a job that the sweeper found dead; False when someone else moved it."""
    updated = Job.objects.filter(
        id=claim.job_id, epoch=claim.epoch, state__in=ACTIVE_STATES
    ).update(
        state=JobState.FAILED,
        finished_at=timezone.now(),
        lease_until=None,
        reason=reason[:500],
    )
    if updated:
        _say("job.worker_died", claim, reason)
    return bool(updated)
