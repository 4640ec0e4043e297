"""One embedder takes over from another: the steps of a worker, each committed while the job is held.

The passages get their second vectors beside the first ones, the second index is written beside the
first, and one transaction exchanges them. Until then questions are answered as before.
"""

import uuid
from collections.abc import Sequence
from typing import Any

from django.db import connection, transaction
from django.db.models import F, Q, QuerySet

from altiplano.kernel.jobs import JobClaim, finish_job, hold_claim, record_progress, retry_job
from altiplano.knowledge.domain.indexing import bury_missing
from altiplano.knowledge.index_contents import PendingChunk
from altiplano.knowledge.models import Chunk, Collection, DocumentState

MAX_PROBLEM_CHARS = 500


def chunks_without_next(collection_id: uuid.UUID, *, limit: int) -> list[PendingChunk]:
    """Chunks that the next embedder has not embedded, in order of id."""
    is_answering = Q(is_indexed=True)
    is_coming = Q(version__state__in=(DocumentState.EMBEDDING, DocumentState.READY))
    rows = (
        Chunk.unscoped.filter(collection_id=collection_id, next_vector__isnull=True)
        .filter(is_answering | is_coming)
        .order_by("id")
        .values_list("id", "version_id", "text", "language")[:limit]
    )
    return [PendingChunk(*row, vector=None) for row in rows]


def next_chunks(collection_id: uuid.UUID, *, after: int, limit: int) -> list[PendingChunk]:
    """What the next index files must hold, in order of id, each with its next vector."""
    rows = (
        Chunk.unscoped.filter(
            collection_id=collection_id,
            is_indexed=True,
            next_vector__isnull=False,
            id__gt=after,
        )
        .order_by("id")
        .values_list("id", "version_id", "text", "language", "next_vector")[:limit]
    )
    return [
        PendingChunk(pk, version_id, text, language, bytes(vector or b""))
        for pk, version_id, text, language, vector in rows
    ]


def note_next_model(claim: JobClaim, *, change_id: str, model: str, dimension: int) -> bool:
    """It is known what vectors the next embedder makes; those of another model are dropped.

    False when somebody has decided otherwise meanwhile. Raises LostClaimError.
    """
    with transaction.atomic():
        hold_claim(claim)
        collection = _locked(claim, change_id)
        if collection is None:
            return False
        told = collection.next_embedder
        if (told["model"], told["dimension"]) != (model, dimension):
            _chunks(claim).filter(next_vector__isnull=False).update(next_vector=None)
            _write(collection, {**told, "model": model, "dimension": dimension})
        return True


def save_next_vectors(
    claim: JobClaim, *, change_id: str, chunks: Sequence[PendingChunk], vectors: Sequence[bytes]
) -> JobClaim | None:
    """The claim, which has made progress; None when somebody has decided otherwise meanwhile.

    Raises LostClaimError.
    """
    table = Chunk._meta.db_table  # noqa: SLF001 - Django's documented API
    with transaction.atomic():
        claim = record_progress(claim)
        if _locked(claim, change_id) is None:
            return None
        with connection.cursor() as cursor:
            cursor.executemany(
                f"UPDATE {table} SET next_vector = %s WHERE id = %s",  # noqa: S608 - a constant name
                [(vector, chunk.id) for chunk, vector in zip(chunks, vectors, strict=True)],
            )
    return claim


def exchange_embedders(
    claim: JobClaim, *, change_id: str, chunk_ids: Sequence[int], generation: int
) -> bool:
    """Questions are answered with the next embedder and its index from the next one on.

    False, with nothing changed, when somebody has decided otherwise or passages came meanwhile that
    it has not embedded. Raises LostClaimError.
    """
    with transaction.atomic():
        claim = record_progress(claim)
        collection = _locked(claim, change_id)
        if collection is None or _lacks_vectors(claim, chunk_ids):
            return False
        told = collection.next_embedder
        # Both columns are read before either is written.
        _chunks(claim).update(vector=F("next_vector"), next_vector=None)
        bury_missing(collection.id, chunk_ids)
        others = [pin for pin in collection.plugins if pin["kind"] != "embedder"]
        Collection.unscoped.filter(pk=collection.pk).update(
            embedder=told["embedder"],
            embedder_config=told["config"],
            embedding_model=told["model"],
            embedding_dimension=told["dimension"],
            plugins=[*others, *told["plugins"]],
            next_embedder={},
            index_series=collection.index_series + 1,
            index_generation=generation,
        )
        return True


def stop_succession(claim: JobClaim, *, change_id: str, problem: str) -> None:
    """The next embedder cannot take over, and the collection says why; the present one stays. The
    job is done. Raises LostClaimError.
    """
    with transaction.atomic():
        finish_job(claim)
        _note_problem(claim, change_id, problem)


def retry_succession(claim: JobClaim, *, change_id: str, problem: str) -> None:
    """The job goes on after a pause; without another attempt the collection says why it stopped.

    Raises LostClaimError.
    """
    with transaction.atomic():
        if not retry_job(claim, problem):
            _note_problem(claim, change_id, problem)


def _note_problem(claim: JobClaim, change_id: str, problem: str) -> None:
    collection = _locked(claim, change_id)
    if collection is not None:
        told = problem[:MAX_PROBLEM_CHARS]
        _write(collection, {**collection.next_embedder, "problem": told})


def _lacks_vectors(claim: JobClaim, chunk_ids: Sequence[int]) -> bool:
    """Whether an indexed chunk is in none of the next files."""
    indexed = _chunks(claim).filter(is_indexed=True)
    if indexed.filter(next_vector__isnull=True).exists():
        return True
    known = set(chunk_ids)
    return any(pk not in known for pk in indexed.values_list("id", flat=True).iterator())


def _locked(claim: JobClaim, change_id: str) -> Collection | None:
    """The collection, unless its next embedder is another one by now, or none."""
    collections = Collection.unscoped.filter(pk=claim.subject_id)
    collection = collections.select_for_update(no_key=True).first()
    if collection is None or collection.next_embedder.get("id") != change_id:
        return None
    return collection


def _write(collection: Collection, next_embedder: dict[str, Any]) -> None:
    Collection.unscoped.filter(pk=collection.pk).update(next_embedder=next_embedder)


def _chunks(claim: JobClaim) -> QuerySet[Chunk]:
    return Chunk.unscoped.filter(collection_id=claim.subject_id)
