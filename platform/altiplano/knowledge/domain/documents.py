"""What an owner does with documents that are there: cancel, retry, delete.

Every transaction of this area takes its locks in one order, so that none waits for another in a
circle: index job, collection, parse job, versions, chunks, documents.
"""

import uuid
from collections.abc import Sequence

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from altiplano.accounts.domain.audit import record_event
from altiplano.accounts.principal import Principal
from altiplano.kernel.errors import ConflictError
from altiplano.kernel.jobs import JobSpec, cancel_jobs, create_job
from altiplano.knowledge import rules
from altiplano.knowledge.blobs import BlobName
from altiplano.knowledge.domain.compaction import request_compaction
from altiplano.knowledge.domain.removal import (
    cancel_version_jobs,
    remove_blobs_on_commit,
    remove_extracted,
)
from altiplano.knowledge.models import (
    UNFINISHED_STATES,
    Chunk,
    Document,
    DocumentState,
    DocumentVersion,
)
from altiplano.knowledge.specs import IndexCollection, ParseDocument

RETRIABLE_STATES = (DocumentState.FAILED, DocumentState.CANCELLED)


def cancel_document(*, principal: Principal, document_id: object) -> Document:
    """Nobody reads the document's latest version any more; what was read of it is gone.

    An earlier version that is ready keeps answering. Raises ConflictError when there is nothing to
    cancel; a document that is cancelled already stays so.
    """
    principal.require("write")
    with transaction.atomic():
        document, latest = _document_with_latest(principal, document_id)
        if latest.state == DocumentState.CANCELLED:
            return document
        if not _give_up(latest, document, reason="Cancelled by its owner."):
            latest.refresh_from_db()
            raise ConflictError(
                _("The document is %(state)s; there is nothing to cancel."),
                params={"state": DocumentState(latest.state).label},
                code="not_cancellable",
            )
        return document


def retry_document(*, principal: Principal, document_id: object) -> Document:
    """The latest version waits to be read again. Raises ConflictError when it cannot be."""
    principal.require("write")
    with transaction.atomic():
        document, latest = _document_with_latest(principal, document_id)
        if rules.is_unfinished(latest):
            return document
        if not rules.can_retry(latest):
            raise ConflictError(
                _("The document is ready; there is nothing to retry."), code="is_ready"
            )
        if not latest.source_url and not has_file(latest):
            raise ConflictError(
                _("The file was refused and not kept. Upload a file that can be read."),
                code="file_not_kept",
            )
        requeue_version(latest, document)
        return document


def delete_document(*, principal: Principal, document_id: object) -> None:
    """The document, its versions, text, chunks and files are gone; no later search finds it."""
    principal.require("write")
    with transaction.atomic():
        document = Document.objects.get_within(principal.organization_id, document_id)
        record_deletion(principal, document)
        erase_document(document)


def record_deletion(principal: Principal, document: Document) -> None:
    """The organization's history says who deleted the document."""
    record_event(
        principal=principal,
        organization_id=document.organization_id,
        action="document.deleted",
        object_type="document",
        object_id=document.id,
        data={"name": document.name, "collection": str(document.collection_id)},
    )


def erase_document(document: Document) -> None:
    """Rows and, after the commit, files of the document are gone. Part of the caller's transaction."""
    versions = DocumentVersion.objects.within(document.organization_id).filter(document=document)
    cancel_version_jobs(versions)
    version_ids = list(versions.select_for_update().order_by("id").values_list("id", flat=True))
    remove_blobs_on_commit(versions)
    if remove_extracted(collection_id=document.collection_id, version_ids=version_ids):
        # So that the index files forget the words as well.
        request_compaction(document.collection_id, organization_id=document.organization_id)
    document.delete()


def has_file(version: DocumentVersion) -> bool:
    """True when the version's original file was kept."""
    blob = BlobName(version.organization_id, version.sha256, version.id)
    return bool(version.sha256) and blob.path.exists()


def supersede_versions(documents: Sequence[Document]) -> None:
    """No latest version of these documents is being read any more: newer ones take their place."""
    for document in documents:
        if document.latest_version is not None and rules.is_unfinished(document.latest_version):
            _give_up(document.latest_version, document, reason="Replaced by a newer upload.")


def requeue_version(version: DocumentVersion, document: Document) -> None:
    """The version waits again: to be indexed when its chunks are there, else to be read."""
    has_chunks = Chunk.unscoped.filter(version=version).exists()
    state = DocumentState.EMBEDDING if has_chunks else DocumentState.QUEUED
    spec: JobSpec = ParseDocument(version.id)
    if has_chunks:
        spec = IndexCollection(document.collection_id)
    # First, because jobs are locked before versions. One that finds nothing to do ends at once.
    create_job(spec, organization_id=version.organization_id)
    updated = DocumentVersion.unscoped.filter(pk=version.pk, state__in=RETRIABLE_STATES).update(
        state=state, reason="", reason_code="", finished_at=None
    )
    if updated:  # else someone else was faster with the same wish
        version.state = state


def _document_with_latest(
    principal: Principal, document_id: object
) -> tuple[Document, DocumentVersion]:
    document = Document.objects.get_within(principal.organization_id, document_id)
    latest = DocumentVersion.objects.get_within(
        principal.organization_id, document.latest_version_id
    )
    document.latest_version = latest
    return document, latest


def _give_up(version: DocumentVersion, document: Document, *, reason: str) -> bool:
    """False, with nothing changed, when the version is finished by now."""
    cancel_jobs(subject_id=version.id)
    now = timezone.now()
    updated = DocumentVersion.unscoped.filter(pk=version.pk, state__in=UNFINISHED_STATES).update(
        state=DocumentState.CANCELLED,
        reason=reason,
        reason_code="cancelled",
        chunk_count=0,
        embedded_count=0,
        finished_at=now,
    )
    if not updated:
        return False
    version.state, version.reason = DocumentState.CANCELLED, reason
    remove_extracted(collection_id=document.collection_id, version_ids=[version.id])
    return True


def give_up_version(*, version_id: uuid.UUID, reason: str) -> bool:
    """As :func:`cancel_document`, for one version, by whoever looks after the platform.

    False, with nothing changed, when it is finished by now or gone.
    """
    with transaction.atomic():
        version = DocumentVersion.unscoped.select_related("document").filter(pk=version_id).first()
        return version is not None and _give_up(version, version.document, reason=reason)
