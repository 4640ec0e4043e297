"""Retrying and cancelling jobs in the name of the platform: what the job is about moves with it."""

import uuid
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Final

from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from altiplano.accounts.domain.audit import record_event
from altiplano.accounts.models import User
from altiplano.catalog.domain.checking import give_up_check
from altiplano.catalog.specs import CheckRelease
from altiplano.kernel.errors import ConflictError
from altiplano.kernel.jobs import create_job
from altiplano.kernel.models import ACTIVE_STATES, Job, JobState
from altiplano.knowledge import rules
from altiplano.knowledge.domain.documents import give_up_version, requeue_version
from altiplano.knowledge.models import Collection, DocumentState, DocumentVersion
from altiplano.knowledge.specs import CompactIndex, IndexCollection, ParseDocument, RemoveDocuments
from altiplano.runs import event_log
from altiplano.runs.domain.cancelling import cancel_run
from altiplano.runs.jobs import ExecuteRun
from altiplano.runs.models import Run

FAILURE_AGE: Final = timedelta(days=7)
CANCELLED_BY_OPERATOR: Final = "Cancelled by the operator of the platform."


def unsolved_failures() -> QuerySet[Job]:
    """Failed jobs of the last days that still matter, the last one first.

    What they are about is there and waits for somebody, and nobody has begun it anew since.
    """
    later = Job.objects.filter(
        task=OuterRef("task"),
        subject_id=OuterRef("subject_id"),
        created_at__gt=OuterRef("created_at"),
    )
    unread = DocumentVersion.unscoped.filter(
        pk=OuterRef("subject_id"), state=DocumentState.FAILED, document__latest_version_id=F("pk")
    )
    collection = Collection.unscoped.filter(pk=OuterRef("subject_id"))
    return (
        Job.objects.filter(
            ~Exists(later), state=JobState.FAILED, finished_at__gte=timezone.now() - FAILURE_AGE
        )
        .filter(
            Q(Exists(unread), task=ParseDocument.task)
            | Q(Exists(collection), task__in=[IndexCollection.task, CompactIndex.task])
            | Q(task=ExecuteRun.task)
        )
        .order_by("-finished_at", "-id")
    )


def can_retry(job: Job) -> bool:
    return job.state == JobState.FAILED and job.task in RETRY


def retry_failed_job(*, actor: User, job: Job) -> None:
    """The work waits again, and so does what it is about. Raises ConflictError with the reason."""
    if job.state not in {JobState.FAILED, JobState.CANCELLED}:
        raise ConflictError(_("Only a job that failed or was cancelled can be tried again."))
    retry = RETRY.get(job.task)
    if job.task == CheckRelease.task:
        raise ConflictError(_("The author of the plugin uploads the release again."))
    if retry is None:
        raise ConflictError(
            _("What was streamed of an answer cannot be unsaid; the question has to be asked anew.")
        )
    with transaction.atomic():
        retry(job)
        _record("job.retried", actor, job)


def cancel_active_job(*, actor: User, job: Job) -> None:
    """Nobody works on it any more, and who waits for it is told. Raises ConflictError."""
    if job.state not in ACTIVE_STATES:
        raise ConflictError(_("This job is over."))
    with transaction.atomic():
        if job.task == ExecuteRun.task:
            run = cancel_run(Run.unscoped.get(pk=job.subject_id))
            transaction.on_commit(lambda: event_log.announce_cancel(run.id, run.state))
        elif job.task == ParseDocument.task:
            if not give_up_version(version_id=job.subject_id, reason=CANCELLED_BY_OPERATOR):
                raise ConflictError(_("This job is over."))
        elif job.task == CheckRelease.task:
            if not give_up_check(job.subject_id, CANCELLED_BY_OPERATOR):
                raise ConflictError(_("This job is over."))
        else:
            raise ConflictError(
                _("Documents wait for this job; cancel those that should not be indexed.")
            )
        _record("job.cancelled", actor, job)


def _retry_reading(job: Job) -> None:
    version = DocumentVersion.unscoped.select_related("document").filter(pk=job.subject_id).first()
    if version is None or version.document.latest_version_id != version.id:
        raise ConflictError(_("This document is gone, or was replaced by a newer file."))
    if not rules.can_retry(version):
        raise ConflictError(_("This document is being read, or is ready."))
    requeue_version(version, version.document)


def _retry_indexing(job: Job) -> None:
    _require_collection(job.subject_id)
    failed = DocumentVersion.unscoped.filter(
        document__collection_id=job.subject_id, state=DocumentState.FAILED, reason=job.reason
    ).select_related("document")
    for version in failed:
        requeue_version(version, version.document)
    create_job(IndexCollection(job.subject_id), organization_id=job.organization_id)


def _retry_compaction(job: Job) -> None:
    _require_collection(job.subject_id)
    create_job(CompactIndex(job.subject_id), organization_id=job.organization_id)


def _retry_removal(job: Job) -> None:
    create_job(RemoveDocuments(job.subject_id), organization_id=job.organization_id)


def _require_collection(collection_id: uuid.UUID) -> None:
    if not Collection.unscoped.filter(pk=collection_id).exists():
        raise ConflictError(_("This collection is gone."))


RETRY: Final[Mapping[str, Callable[[Job], None]]] = {
    ParseDocument.task: _retry_reading,
    IndexCollection.task: _retry_indexing,
    CompactIndex.task: _retry_compaction,
    RemoveDocuments.task: _retry_removal,
}
"""By task: how its work begins anew. A run is not among them."""


def _record(action: str, actor: User, job: Job) -> None:
    record_event(
        principal=None,
        actor=actor,
        organization_id=job.organization_id,
        action=action,
        object_type="job",
        object_id=job.id,
        data={"task": job.task, "subject": str(job.subject_id), "reason": job.reason},
    )
