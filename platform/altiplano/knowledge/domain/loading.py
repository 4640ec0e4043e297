"""What a worker stores while it brings the files of a source into a collection.

A file takes the way of an upload. What the source brought before is changed or left as it is; what
anybody else brought is never touched. What the source has no more stays, and is marked.
"""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from altiplano.kernel.jobs import (
    JobClaim,
    LostClaimError,
    fail_exhausted_job,
    fail_job,
    finish_job,
    hold_claim,
    retry_job,
)
from altiplano.knowledge.domain.receiving import Upload, receive_file
from altiplano.knowledge.domain.sources import PERIODS, queue_load
from altiplano.knowledge.models import Document
from altiplano.knowledge.naming import clean_name
from altiplano.knowledge.reading import Pin
from altiplano.knowledge.source_models import LoadedDocument, Source, SourceState

MAX_REFUSED: Final = 100
"""Refused files that a source tells of; the load goes on."""

TAKEN_REASON: Final = (
    "The collection has a document of this name that did not come from this source. "
    "Rename or delete that one."
)
DIED_REASON: Final = "Loading stopped the worker several times. Try it again."


@dataclass(frozen=True, slots=True)
class Loading:
    """What a worker needs to bring the files of one source."""

    source_id: uuid.UUID
    organization_id: uuid.UUID
    collection_id: uuid.UUID
    plugin: str
    config: Mapping[str, Any]
    reference: Mapping[str, Any]
    pin: Pin


def begin_loading(claim: JobClaim) -> Loading | None:
    """The source is being loaded from now on, counted from nothing; None when it is gone.

    Raises LostClaimError.
    """
    with transaction.atomic():
        hold_claim(claim)
        source = _locked(claim)
        if source is None:
            finish_job(claim)
            return None
        Source.unscoped.filter(pk=source.pk).update(
            state=SourceState.LOADING,
            reason="",
            new_count=0,
            changed_count=0,
            same_count=0,
            refused=[],
            began_at=timezone.now(),
            finished_at=None,
        )
    return Loading(
        source_id=source.id,
        organization_id=source.organization_id,
        collection_id=source.collection_id,
        plugin=source.plugin,
        config=source.config,
        reference=source.reference,
        pin=source.pin,
    )


def store_loaded_file(claim: JobClaim, upload: Upload) -> None:
    """The file is a document that waits to be read, is unchanged, or was refused with a reason.

    Raises LostClaimError, LimitReachedError and StorageFullError.
    """
    with transaction.atomic():
        hold_claim(claim)
        source = _locked(claim)
        if source is None:
            raise LostClaimError
        name = clean_name(upload.name)
        known = _document_called(source, name)
        if known is not None and not _is_of(source, known):
            _refuse(source, name, TAKEN_REASON)
            return
        before = None if known is None else known.latest_version_id
        document = receive_file(
            organization_id=source.organization_id,
            collection_id=source.collection_id,
            upload=upload,
        )
        _mark_seen(source, document)
        count = "new_count"
        if known is not None:
            count = "same_count" if document.latest_version_id == before else "changed_count"
        Source.unscoped.filter(pk=source.pk).update(**{count: F(count) + 1})


def finish_loading(claim: JobClaim) -> None:
    """Everything was brought; what did not come again is marked as gone. Raises LostClaimError."""
    with transaction.atomic():
        finish_job(claim)
        source = _locked(claim)
        if source is None:
            return
        now = timezone.now()
        LoadedDocument.unscoped.filter(
            source=source, seen_at__lt=source.began_at, gone_since__isnull=True
        ).update(gone_since=now)
        _end(source, SourceState.DONE)


def fail_loading(claim: JobClaim, reason: str) -> None:
    """Nothing more comes; what was brought stays. Raises LostClaimError."""
    with transaction.atomic():
        fail_job(claim, reason)
        _tell_failure(claim, reason)


def retry_loading(claim: JobClaim, reason: str) -> None:
    """The source is loaded anew after a pause, unless that was the last attempt.

    Raises LostClaimError.
    """
    with transaction.atomic():
        if not retry_job(claim, reason):
            _tell_failure(claim, reason)
            return
        Source.unscoped.filter(pk=claim.subject_id).update(
            state=SourceState.QUEUED, reason=reason[:500]
        )


def fail_load_job(claim: JobClaim) -> None:
    """A load whose every attempt died without a word has failed."""
    with transaction.atomic():
        if fail_exhausted_job(claim, DIED_REASON):
            _tell_failure(claim, DIED_REASON)


def queue_due_sources() -> int:
    """Sources whose time has come wait to be loaded; how many.

    The next time is a whole number of periods after the last one: a platform that was off for days
    loads once, not once for each day.
    """
    now = timezone.now()
    count = 0
    for pk in list(Source.unscoped.filter(next_at__lte=now).values_list("pk", flat=True)):
        with transaction.atomic():
            source = Source.unscoped.filter(pk=pk, next_at__lte=now).first()
            if source is None or source.next_at is None:
                continue
            queue_load(source)
            period = PERIODS[source.repeat]
            missed: timedelta = now - source.next_at
            following = source.next_at + (missed // period + 1) * period
            Source.unscoped.filter(pk=pk).update(next_at=following)
            count += 1
    return count


def _locked(claim: JobClaim) -> Source | None:
    return Source.unscoped.select_for_update(no_key=True).filter(pk=claim.subject_id).first()


def _document_called(source: Source, name: str) -> Document | None:
    documents = Document.objects.within(source.organization_id)
    return documents.filter(collection_id=source.collection_id, name=name).first()


def _is_of(source: Source, document: Document) -> bool:
    return LoadedDocument.unscoped.filter(source=source, document=document).exists()


def _mark_seen(source: Source, document: Document) -> None:
    LoadedDocument.unscoped.update_or_create(
        document=document,
        defaults={
            "organization_id": source.organization_id,
            "source": source,
            "seen_at": timezone.now(),
            "gone_since": None,
        },
    )


def _refuse(source: Source, name: str, reason: str) -> None:
    refused = [*source.refused, {"name": name, "reason": reason}][:MAX_REFUSED]
    Source.unscoped.filter(pk=source.pk).update(refused=refused)


def _tell_failure(claim: JobClaim, reason: str) -> None:
    source = _locked(claim)
    if source is not None:
        _end(source, SourceState.FAILED, reason)


def _end(source: Source, state: SourceState, reason: str = "") -> None:
    Source.unscoped.filter(pk=source.pk).update(
        state=state, reason=reason[:500], finished_at=timezone.now()
    )
