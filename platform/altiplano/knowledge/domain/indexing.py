"""The steps of indexing a collection, each committed only while the job is held."""

import uuid
from collections import Counter, defaultdict
from collections.abc import Collection as Sized
from collections.abc import Sequence
from typing import cast

from django.db import connection, transaction
from django.db.models import Exists, F, OuterRef, QuerySet
from django.utils import timezone

from altiplano.kernel.jobs import (
    JobClaim,
    create_job,
    fail_exhausted_job,
    fail_job,
    finish_job,
    hold_claim,
    record_progress,
    retry_job,
)
from altiplano.knowledge.domain.removal import remove_extracted
from altiplano.knowledge.index_contents import PendingChunk, is_index_whole
from altiplano.knowledge.index_files import remove_index_files
from altiplano.knowledge.models import (
    Chunk,
    Collection,
    Document,
    DocumentState,
    DocumentVersion,
    Tombstone,
)
from altiplano.knowledge.specs import IndexCollection

IDS_PER_STATEMENT = 5000
INDEXER_DIED_REASON = "Indexing this document stopped the indexer several times. Try it again."


def open_indexing(claim: JobClaim) -> Collection | None:
    """The collection to index; None, and the job done, when it is gone. Raises LostClaimError."""
    with transaction.atomic():
        hold_claim(claim)
        collection = Collection.unscoped.filter(pk=claim.subject_id).first()
        if collection is None:
            finish_job(claim)
    if collection is None:
        remove_files_if_gone(claim.subject_id)
    return collection


def remove_files_if_gone(collection_id: uuid.UUID) -> None:
    """A worker that was writing when the collection was deleted leaves nothing of it behind.

    Call it when nothing in this process writes the collection's files any more.
    """
    if not Collection.unscoped.filter(pk=collection_id).exists():
        remove_index_files(collection_id)


def adopt_model(claim: JobClaim, *, model_id: str, dimension: int) -> None:
    """The collection's vectors are of this model from now on; those of another one are dropped.

    Raises LostClaimError.
    """
    with transaction.atomic():
        hold_claim(claim)
        collections = Collection.unscoped.filter(pk=claim.subject_id)
        stale = Chunk.unscoped.filter(collection_id=claim.subject_id)
        if stale.filter(vector__isnull=False).exists():
            stale.update(vector=None, is_indexed=False)
            collections.update(index_generation=0)
            DocumentVersion.unscoped.filter(document__collection_id=claim.subject_id).update(
                embedded_count=0
            )
        collections.update(embedding_model=model_id, embedding_dimension=dimension)


def save_vectors(claim: JobClaim, chunks: Sequence[PendingChunk], vectors: Sequence[bytes]) -> None:
    """The vectors are in the database, each version's progress is raised. Raises LostClaimError."""
    if not chunks:
        return
    table = Chunk._meta.db_table  # noqa: SLF001 - Django's documented API
    with transaction.atomic():
        hold_claim(claim)
        with connection.cursor() as cursor:
            cursor.executemany(
                f"UPDATE {table} SET vector = %s WHERE id = %s",  # noqa: S608 - a constant name
                [(vector, chunk.id) for chunk, vector in zip(chunks, vectors, strict=True)],
            )
        versions_by_count: dict[int, list[uuid.UUID]] = defaultdict(list)
        for version_id, count in Counter(chunk.version_id for chunk in chunks).items():
            versions_by_count[count].append(version_id)
        for count, version_ids in versions_by_count.items():
            DocumentVersion.unscoped.filter(pk__in=version_ids).update(
                embedded_count=F("embedded_count") + count
            )


def commit_indexed(
    claim: JobClaim, *, chunk_ids: Sequence[int], version_ids: Sized[uuid.UUID], generation: int
) -> JobClaim:
    """The chunks are found by searches; the claim, which has made progress, is returned.

    A version whose chunks are all indexed becomes ready and answers from now on; the version it
    replaces stops in the same transaction. Raises LostClaimError.
    """
    with transaction.atomic():
        claim = record_progress(claim)
        collections = Collection.unscoped.filter(pk=claim.subject_id)
        collections.select_for_update(no_key=True).first()
        found = 0
        for start in range(0, len(chunk_ids), IDS_PER_STATEMENT):
            found += Chunk.unscoped.filter(
                id__in=chunk_ids[start : start + IDS_PER_STATEMENT], vector__isnull=False
            ).update(is_indexed=True)
        if found < len(chunk_ids):
            bury_missing(claim.subject_id, chunk_ids)
        _make_ready(claim.subject_id, version_ids)
        if is_index_whole(claim.subject_id):
            collections.update(index_generation=generation)
        return claim


def bury_missing(collection_id: uuid.UUID, chunk_ids: Sequence[int]) -> None:
    """Chunks deleted while they were added have their tombstone, whatever a compaction did."""
    living: set[int] = set()
    for start in range(0, len(chunk_ids), IDS_PER_STATEMENT):
        part = chunk_ids[start : start + IDS_PER_STATEMENT]
        living.update(Chunk.unscoped.filter(id__in=part).values_list("id", flat=True))
    missing = sorted(set(chunk_ids) - living)
    if missing:
        Tombstone.objects.create(collection_id=collection_id, chunk_ids=missing)


def _make_ready(collection_id: uuid.UUID, version_ids: Sized[uuid.UUID]) -> None:
    waiting = Chunk.unscoped.filter(version_id=OuterRef("pk"), is_indexed=False)
    complete = list(
        DocumentVersion.unscoped.select_for_update(of=("self",))
        .filter(pk__in=version_ids, state=DocumentState.EMBEDDING)
        .exclude(Exists(waiting))
        .order_by("pk")
        .values_list("pk", flat=True)
    )
    if not complete:
        return
    documents = Document.unscoped.filter(latest_version__in=complete)
    replaced = cast(
        "list[uuid.UUID]",
        list(
            documents.filter(active_version__isnull=False)
            .exclude(active_version=F("latest_version"))
            .values_list("active_version", flat=True)
        ),
    )
    if replaced:
        remove_extracted(collection_id=collection_id, version_ids=replaced)
    DocumentVersion.unscoped.filter(pk__in=complete).update(
        state=DocumentState.READY, finished_at=timezone.now(), embedded_count=F("chunk_count")
    )
    documents.update(active_version=F("latest_version"))


def finish_indexing(claim: JobClaim, *, generation: int) -> None:
    """The index job is done and the collection's generation is said. Raises LostClaimError.

    Whatever was stored since the last look has queued a job of its own.
    """
    with transaction.atomic():
        finish_job(claim)
        collections = Collection.unscoped.filter(pk=claim.subject_id)
        if collections.select_for_update(no_key=True).first() and is_index_whole(claim.subject_id):
            collections.update(index_generation=generation)


def yield_indexing(claim: JobClaim) -> None:
    """The rest of the work is a new job at the end of the line. Raises LostClaimError."""
    with transaction.atomic():
        # The new job first: whoever tries to claim it holds it, and waits for the running one.
        create_job(IndexCollection(claim.subject_id), organization_id=claim.organization_id)
        finish_job(claim)


def fail_versions(
    claim: JobClaim, *, version_ids: Sized[uuid.UUID], code: str, reason: str
) -> None:
    """These versions cannot be embedded and say why; the rest goes on. Raises LostClaimError.

    Also one that was ready, with vectors of another model, which are gone.
    """
    with transaction.atomic():
        hold_claim(claim)
        versions = DocumentVersion.unscoped.filter(pk__in=version_ids)
        versions.filter(state=DocumentState.READY).update(state=DocumentState.EMBEDDING)
        _mark_failed(versions, code, reason)


def retry_indexing(claim: JobClaim, *, code: str, reason: str) -> None:
    """Indexing goes on after a pause; without another attempt the waiting versions have failed.

    Raises LostClaimError.
    """
    with transaction.atomic():
        if not retry_job(claim, reason):
            _mark_failed(_waiting_versions(claim.subject_id), code, reason)


def fail_indexing(claim: JobClaim, *, code: str, reason: str) -> None:
    """Nothing of the collection can be indexed, and the waiting versions say why.

    Raises LostClaimError.
    """
    with transaction.atomic():
        fail_job(claim, reason)
        _mark_failed(_waiting_versions(claim.subject_id), code, reason)


def fail_index_job(claim: JobClaim) -> None:
    """A job whose every attempt died without a word has failed, and so have the documents."""
    with transaction.atomic():
        if fail_exhausted_job(claim, INDEXER_DIED_REASON):
            _mark_failed(_waiting_versions(claim.subject_id), "indexer_died", INDEXER_DIED_REASON)
            _stop_succession(claim.subject_id)


def _stop_succession(collection_id: uuid.UUID) -> None:
    """Another embedder that was to take over does not, and the collection says so."""
    collection = Collection.unscoped.select_for_update(no_key=True).filter(pk=collection_id).first()
    if collection is not None and collection.next_embedder:
        told = {**collection.next_embedder, "problem": INDEXER_DIED_REASON}
        Collection.unscoped.filter(pk=collection_id).update(next_embedder=told)


def _waiting_versions(collection_id: uuid.UUID) -> QuerySet[DocumentVersion]:
    return DocumentVersion.unscoped.filter(document__collection_id=collection_id)


def _mark_failed(versions: QuerySet[DocumentVersion], code: str, reason: str) -> None:
    versions.filter(state=DocumentState.EMBEDDING).update(
        state=DocumentState.FAILED,
        reason_code=code[:40],
        reason=reason[:500],
        finished_at=timezone.now(),
    )
