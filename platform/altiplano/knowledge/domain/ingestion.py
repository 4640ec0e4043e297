"""The steps of reading one document version, each committed only while the job is held."""

import uuid
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from django.db import transaction
from django.utils import timezone

from altiplano.kernel.job_batches import finish_jobs, hold_claims, release_jobs
from altiplano.kernel.jobs import (
    JobClaim,
    LostClaimError,
    create_job,
    fail_exhausted_job,
    fail_job,
    hold_claim,
    retry_job,
)
from altiplano.knowledge.blobs import BlobName, hash_file, remove_blob, store_blob
from altiplano.knowledge.domain.removal import remove_extracted
from altiplano.knowledge.models import (
    UNFINISHED_STATES,
    Chunk,
    DocumentState,
    DocumentText,
    DocumentVersion,
)
from altiplano.knowledge.reading import BUILT_IN_WAY, Way, way_of
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
    way: Way = BUILT_IN_WAY

    @property
    def path(self) -> Path:
        return BlobName(self.organization_id, self.sha256, self.version_id).path


@dataclass(frozen=True, slots=True)
class ParsedVersion:
    """A version that was read, with the claim under which it may be stored."""

    claim: JobClaim
    reading: Reading
    document: ParsedDocument
    spans: Sequence[Span]

    @property
    def language(self) -> str:
        return self.document.language or self.reading.language


def start_readings(claims: Sequence[JobClaim]) -> list[tuple[JobClaim, Reading]]:
    """The claims' versions are being read.

    Left out are claims that are lost, and versions that nobody waits for: their jobs are done.
    """
    with transaction.atomic():
        held = hold_claims(claims)
        versions = {
            version.id: version
            for version in DocumentVersion.unscoped.filter(
                pk__in=[claim.subject_id for claim in held], state__in=UNFINISHED_STATES
            ).select_related("document__collection")
        }
        finish_jobs([claim for claim in held if claim.subject_id not in versions])
        DocumentVersion.unscoped.filter(pk__in=versions).update(state=DocumentState.PARSING)
    return [
        (claim, _reading_of(versions[claim.subject_id]))
        for claim in held
        if claim.subject_id in versions
    ]


def _reading_of(version: DocumentVersion) -> Reading:
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
        way=way_of(version.document.collection),
    )


def give_back_readings(claims: Sequence[JobClaim]) -> None:
    """Versions whose turn did not come wait again."""
    with transaction.atomic():
        held = hold_claims(claims)
        release_jobs(held)
        DocumentVersion.unscoped.filter(pk__in=[claim.subject_id for claim in held]).update(
            state=DocumentState.QUEUED
        )


def store_fetched_file(
    claim: JobClaim, reading: Reading, *, path: Path, media_type: str
) -> Reading:
    """The fetched content is the version's file. Raises LostClaimError, StorageFullError."""
    sha256, size = hash_file(path), path.stat().st_size
    blob = BlobName(reading.organization_id, sha256, reading.version_id)
    store_blob(path, blob, is_ours=True)
    try:
        with transaction.atomic():
            hold_claim(claim)
            DocumentVersion.unscoped.filter(pk=reading.version_id).update(
                sha256=sha256, bytes=size, media_type=media_type
            )
    except LostClaimError:
        # Whoever reads the version now may have the same file; of a deleted one nothing remains.
        if not DocumentVersion.unscoped.filter(pk=reading.version_id).exists():
            remove_blob(blob)
        raise
    return replace(reading, sha256=sha256, bytes=size, media_type=media_type)


def store_parsed_documents(parsed: Sequence[ParsedVersion]) -> None:
    """Texts and chunks are stored, the versions wait for their vectors, the parse jobs are done.

    Storing twice leaves one set of chunks. What was cancelled or taken over meanwhile is dropped.
    """
    owners = {each.reading.collection_id: each.reading.organization_id for each in parsed}
    with transaction.atomic():
        # First, as everywhere: index jobs are locked before parse jobs. One for nothing ends at once.
        for collection_id, organization_id in owners.items():
            create_job(IndexCollection(collection_id), organization_id=organization_id)
        held = {claim.job_id for claim in hold_claims([each.claim for each in parsed])}
        parsed = [each for each in parsed if each.claim.job_id in held]
        for collection_id in {each.reading.collection_id for each in parsed}:
            remove_extracted(
                collection_id=collection_id,
                version_ids=[
                    each.reading.version_id
                    for each in parsed
                    if each.reading.collection_id == collection_id
                ],
            )
        DocumentText.objects.bulk_create(
            DocumentText(
                version_id=each.reading.version_id,
                text=each.document.text,
                pages=[[page.number, page.start, page.end] for page in each.document.pages],
            )
            for each in parsed
        )
        Chunk.unscoped.bulk_create(
            (chunk for each in parsed for chunk in _chunks(each)), batch_size=CHUNKS_PER_INSERT
        )
        for each in parsed:
            DocumentVersion.unscoped.filter(pk=each.reading.version_id).update(
                state=DocumentState.EMBEDDING,
                title=(each.document.title or "")[:300],
                language=each.language,
                warnings=list(each.document.warnings),
                read_with=each.reading.way.mark,
                page_count=len(each.document.pages),
                chunk_count=len(each.spans),
                embedded_count=0,
            )
        finish_jobs([each.claim for each in parsed])


def _chunks(parsed: ParsedVersion) -> Iterator[Chunk]:
    reading, document = parsed.reading, parsed.document
    starts = [page.start for page in document.pages]
    for ordinal, span in enumerate(parsed.spans):
        yield Chunk(
            organization_id=reading.organization_id,
            collection_id=reading.collection_id,
            version_id=reading.version_id,
            ordinal=ordinal,
            page=_page_at(document.pages, starts, span.start),
            start=span.start,
            end=span.end,
            text=document.text[span.start : span.end],
            language=parsed.language,
        )


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
