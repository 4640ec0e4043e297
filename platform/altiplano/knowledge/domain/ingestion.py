"""The steps of reading one document version, each committed only while the job is held."""

import uuid
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from django.db import transaction
from django.utils import timezone

from altiplano.kernel.jobs import (
    JobClaim,
    create_job,
    fail_exhausted_job,
    fail_job,
    finish_job,
    hold_claim,
    retry_job,
)
from altiplano.knowledge.blobs import BlobName, hash_file, store_blob
from altiplano.knowledge.domain.removal import remove_extracted
from altiplano.knowledge.models import (
    UNFINISHED_STATES,
    Chunk,
    DocumentState,
    DocumentText,
    DocumentVersion,
)
from altiplano.knowledge.specs import IndexCollection
from altiplano_sdk import PageSpan, ParsedDocument, Span

CHUNKS_PER_INSERT = 500
WORKER_DIED_REASON = (
    "Reading this document stopped the reader several times. It may be damaged; "
    "try another copy or another format."
)


@dataclass(frozen=True, slots=True)
class Reading:
    """What a worker needs to know to read a version."""

    version_id: uuid.UUID
    organization_id: uuid.UUID
    collection_id: uuid.UUID
    name: str
    sha256: str
    media_type: str
    bytes: int
    language: str
    source_url: str

    @property
    def path(self) -> Path:
        return BlobName(self.organization_id, self.sha256, self.version_id).path


def start_reading(claim: JobClaim) -> Reading | None:
    """The version is being read; None, and the job done, when there is nothing to read any more.

    Raises LostClaimError.
    """
    with transaction.atomic():
        hold_claim(claim)
        version = (
            DocumentVersion.unscoped.filter(pk=claim.subject_id, state__in=UNFINISHED_STATES)
            .select_related("document__collection")
            .first()
        )
        if version is None:
            finish_job(claim)
            return None
        DocumentVersion.unscoped.filter(pk=version.pk).update(state=DocumentState.PARSING)
    return Reading(
        version_id=version.id,
        organization_id=version.organization_id,
        collection_id=version.document.collection_id,
        name=version.document.name,
        sha256=version.sha256,
        media_type=version.media_type,
        bytes=version.bytes,
        language=version.document.collection.language,
        source_url=version.source_url,
    )


def store_fetched_file(
    claim: JobClaim, reading: Reading, *, path: Path, media_type: str
) -> Reading:
    """The fetched content is the version's file. Raises LostClaimError, StorageFullError."""
    sha256, size = hash_file(path), path.stat().st_size
    store_blob(path, BlobName(reading.organization_id, sha256, reading.version_id), is_ours=True)
    with transaction.atomic():
        hold_claim(claim)
        DocumentVersion.unscoped.filter(pk=reading.version_id).update(
            sha256=sha256, bytes=size, media_type=media_type
        )
    return replace(reading, sha256=sha256, bytes=size, media_type=media_type)


def store_parsed_document(
    claim: JobClaim, reading: Reading, *, document: ParsedDocument, spans: Sequence[Span]
) -> None:
    """Text and chunks are stored, the version waits for its vectors, the parse job is done.

    Storing twice leaves one set of chunks. Raises LostClaimError.
    """
    language = document.language or reading.language
    with transaction.atomic():
        hold_claim(claim)
        remove_extracted(collection_id=reading.collection_id, version_ids=[reading.version_id])
        DocumentText.objects.create(
            version_id=reading.version_id,
            text=document.text,
            pages=[[page.number, page.start, page.end] for page in document.pages],
        )
        Chunk.unscoped.bulk_create(
            _chunks(reading, document, spans, language), batch_size=CHUNKS_PER_INSERT
        )
        DocumentVersion.unscoped.filter(pk=reading.version_id).update(
            state=DocumentState.EMBEDDING,
            title=(document.title or "")[:300],
            language=language,
            warnings=list(document.warnings),
            page_count=len(document.pages),
            chunk_count=len(spans),
            embedded_count=0,
        )
        finish_job(claim)
        create_job(IndexCollection(reading.collection_id), organization_id=reading.organization_id)


def _chunks(
    reading: Reading, document: ParsedDocument, spans: Sequence[Span], language: str
) -> list[Chunk]:
    starts = [page.start for page in document.pages]
    return [
        Chunk(
            organization_id=reading.organization_id,
            collection_id=reading.collection_id,
            version_id=reading.version_id,
            ordinal=ordinal,
            page=_page_at(document.pages, starts, span.start),
            start=span.start,
            end=span.end,
            text=document.text[span.start : span.end],
            language=language,
        )
        for ordinal, span in enumerate(spans)
    ]


def _page_at(pages: Sequence[PageSpan], starts: Sequence[int], offset: int) -> int:
    """The number of the last page that starts at or before ``offset``; 1 without pages."""
    position = bisect_right(starts, offset) - 1
    return pages[max(position, 0)].number if pages else 1


def fail_reading(claim: JobClaim, *, code: str, reason: str) -> None:
    """The version has failed for good, and says why. Raises LostClaimError."""
    with transaction.atomic():
        fail_job(claim, reason)
        _mark_failed(claim.subject_id, code, reason)


def retry_reading(claim: JobClaim, *, code: str, reason: str) -> None:
    """The version is read again after a pause, or has failed when no attempt is left.

    Raises LostClaimError.
    """
    with transaction.atomic():
        if retry_job(claim, reason):
            DocumentVersion.unscoped.filter(pk=claim.subject_id).update(state=DocumentState.QUEUED)
        else:
            _mark_failed(claim.subject_id, code, reason)


def fail_parse_job(claim: JobClaim) -> None:
    """A job whose every attempt died without a word has failed, and its version says so."""
    with transaction.atomic():
        if fail_exhausted_job(claim, WORKER_DIED_REASON):
            _mark_failed(claim.subject_id, "reader_died", WORKER_DIED_REASON)


def _mark_failed(version_id: uuid.UUID, code: str, reason: str) -> None:
    DocumentVersion.unscoped.filter(pk=version_id, state__in=UNFINISHED_STATES).update(
        state=DocumentState.FAILED,
        reason_code=code[:40],
        reason=reason[:500] or "The document could not be read.",
        finished_at=timezone.now(),
    )
