"""Reading documents again after a collection's parser or splitter changed.

Each document gets a next version with the same content. The former one answers until that is
ready, and goes on answering should it fail: nobody loses a document to a new setting.
"""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from django.db import transaction
from django.db.models import F, QuerySet, Sum
from django.utils import timezone

from altiplano.accounts.domain.audit import record_event
from altiplano.accounts.principal import Principal
from altiplano.kernel.jobs import (
    JobClaim,
    create_job,
    create_jobs,
    fail_exhausted_job,
    finish_job,
    record_progress,
)
from altiplano.kernel.models import ACTIVE_STATES, Job, JobState
from altiplano.knowledge.blobs import BlobName, remove_blob, store_blob
from altiplano.knowledge.domain.documents import has_file
from altiplano.knowledge.domain.receiving import save_versions
from altiplano.knowledge.domain.removal import cancel_version_jobs, remove_extracted
from altiplano.knowledge.models import (
    UNFINISHED_STATES,
    Collection,
    Document,
    DocumentState,
    DocumentVersion,
)
from altiplano.knowledge.reading import way_of
from altiplano.knowledge.specs import ParseDocument, ReadAgain

BATCH = 50
"""Documents whose next version is made in one transaction."""

PASSAGES_PER_SECOND = 8
"""What the built-in embedder does on two idle cores; with it, reading takes next to no time."""

DIED_REASON = "Getting documents ready to be read again stopped several times. Try it again."


@dataclass(frozen=True, slots=True)
class Outlook:
    """What reading again would take. ``under_way`` counts what is being read again now."""

    documents: int
    passages: int
    under_way: int
    is_being_prepared: bool

    @property
    def minutes(self) -> int:
        """At least one."""
        return max(1, round(self.passages / PASSAGES_PER_SECOND / 60))

    @property
    def is_working(self) -> bool:
        return self.is_being_prepared or self.under_way > 0


def outlook_of(collection: Collection) -> Outlook:
    """Four queries."""
    stale = _stale(collection)
    found = stale.aggregate(passages=Sum("active_version__chunk_count"))
    return Outlook(
        documents=stale.count(),
        passages=found["passages"] or 0,
        under_way=_under_way(collection).count(),
        is_being_prepared=_jobs(collection).exists(),
    )


def read_again(*, principal: Principal, collection_id: object) -> int:
    """Every document that was read with former settings will be read with those of now.

    Answers with how many there are; asking twice queues one job.
    """
    principal.require("write")
    with transaction.atomic():
        collection = Collection.objects.get_within(principal.organization_id, collection_id)
        count = _stale(collection).count()
        if count:
            create_job(ReadAgain(collection.id), organization_id=collection.organization_id)
            record_event(
                principal=principal,
                organization_id=collection.organization_id,
                action="collection.read_again",
                object_type="collection",
                object_id=collection.id,
                data={"name": collection.name, "count": count},
            )
    return count


def stop_reading_again(*, principal: Principal, collection_id: object) -> int:
    """Documents that were not read again yet stay as they are. Answers with how many."""
    principal.require("write")
    with transaction.atomic():
        collection = Collection.objects.get_within(principal.organization_id, collection_id)
        _jobs(collection).update(
            state=JobState.CANCELLED, finished_at=timezone.now(), lease_until=None
        )
        documents = list(_under_way(collection).select_related("latest_version"))
        versions = DocumentVersion.objects.within(principal.organization_id).filter(
            pk__in=[document.latest_version_id for document in documents],
            state__in=UNFINISHED_STATES,
        )
        cancel_version_jobs(versions)
        stopped = list(versions.select_for_update().order_by("id"))
        ids = {version.id for version in stopped}
        remove_extracted(collection_id=collection.id, version_ids=ids)
        Document.unscoped.filter(latest_version__in=ids).update(latest_version=F("active_version"))
        DocumentVersion.unscoped.filter(pk__in=ids).delete()
        blobs = [BlobName(each.organization_id, each.sha256, each.id) for each in stopped]

        def remove_files() -> None:
            for blob in blobs:
                remove_blob(blob)

        transaction.on_commit(remove_files, robust=True)
    return len(stopped)


def prepare_rereading(claim: JobClaim) -> tuple[JobClaim, int]:
    """The next documents have versions that wait to be read; how many, 0 when the job is done.

    Raises LostClaimError, StorageFullError.
    """
    collection = Collection.unscoped.filter(pk=claim.subject_id).first()
    documents = [] if collection is None else _next_documents(collection)
    if collection is None or not documents:
        with transaction.atomic():
            finish_job(claim)
        return claim, 0
    with transaction.atomic():
        claim = record_progress(claim)
        stored: list[BlobName] = []
        try:
            rows = [
                (document.name, document, _next_version(document, stored)) for document in documents
            ]
            save_versions(collection, rows)
            create_jobs(
                [ParseDocument(version.id) for *_, version in rows],
                organization_id=collection.organization_id,
            )
        except BaseException:
            for blob in stored:
                remove_blob(blob)
            raise
    return claim, len(documents)


def fail_rereading(claim: JobClaim) -> None:
    """A job whose every attempt died without a word has failed; what was begun is read."""
    with transaction.atomic():
        fail_exhausted_job(claim, DIED_REASON)


def _next_version(document: Document, stored: list[BlobName]) -> DocumentVersion:
    """The same content once more. Its file is linked to and takes no room."""
    active = document.active_version
    if active is None:
        raise LookupError(f"document {document.id} answers nothing")
    version = DocumentVersion(
        organization_id=document.organization_id,
        sha256=active.sha256,
        bytes=active.bytes,
        media_type=active.media_type,
        source_url=active.source_url,
    )
    source = BlobName(document.organization_id, active.sha256, active.id)
    blob = BlobName(document.organization_id, active.sha256, version.id)
    store_blob(source.path, blob, is_ours=True, twin=source)
    stored.append(blob)
    return version


def _next_documents(collection: Collection) -> list[Document]:
    """The oldest that are stale; those whose file is gone cannot be read again."""
    after: uuid.UUID | None = None
    while True:
        page = _stale(collection).select_related("active_version").order_by("pk")
        if after is not None:
            page = page.filter(pk__gt=after)
        found: Sequence[Document] = list(page[:BATCH])
        kept = [each for each in found if each.active_version and has_file(each.active_version)]
        if kept or len(found) < BATCH:
            return kept
        after = found[-1].pk


def _stale(collection: Collection) -> QuerySet[Document]:
    """Documents that answer, were read with other settings than those of now, and whose newest
    version is the one that answers.
    """
    return (
        Document.objects.within(collection.organization_id)
        .filter(
            collection=collection,
            active_version__state=DocumentState.READY,
            latest_version=F("active_version"),
        )
        .exclude(active_version__read_with=way_of(collection).mark)
    )


def _under_way(collection: Collection) -> QuerySet[Document]:
    """Documents whose newest version has the content of the one that answers."""
    return Document.objects.within(collection.organization_id).filter(
        collection=collection,
        latest_version__state__in=UNFINISHED_STATES,
        latest_version__sha256=F("active_version__sha256"),
    )


def _jobs(collection: Collection) -> QuerySet[Job]:
    return Job.objects.filter(
        task=ReadAgain.task, subject_id=collection.id, state__in=ACTIVE_STATES
    )
