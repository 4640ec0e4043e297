"""What an index holds, waits for and must not return, as the database says."""

import uuid
from collections.abc import Collection as Ids
from dataclasses import dataclass

from django.db.models import Count, Q, Sum
from django.db.models.functions import Length

from altiplano.knowledge.models import (
    Chunk,
    Collection,
    DocumentState,
    DocumentVersion,
    Tombstone,
)


@dataclass(frozen=True, slots=True)
class PendingChunk:
    """A chunk that is not in the index yet; ``vector`` is None until it was embedded."""

    id: int
    version_id: uuid.UUID
    text: str
    language: str
    vector: bytes | None


def pending_chunks(
    collection_id: uuid.UUID, *, after: int, limit: int, of_at_most: int | None = None
) -> list[PendingChunk]:
    """The next chunks to index with an id above ``after``, in order of id.

    Chunks of failed and cancelled versions are left alone; with ``of_at_most`` also those of
    versions that have more chunks than that.
    """
    waiting = Chunk.unscoped.filter(collection_id=collection_id, is_indexed=False, id__gt=after)
    if of_at_most is None:
        waiting = waiting.filter(
            version__state__in=(DocumentState.EMBEDDING, DocumentState.READY),
        )
    else:
        small = DocumentVersion.unscoped.filter(
            document__collection_id=collection_id,
            state=DocumentState.EMBEDDING,
            chunk_count__lte=of_at_most,
        )
        waiting = waiting.filter(version_id__in=small.values("id"))
    rows = waiting.order_by("id").values_list("id", "version_id", "text", "language", "vector")[
        :limit
    ]
    return [
        PendingChunk(pk, version_id, text, language, None if vector is None else bytes(vector))
        for pk, version_id, text, language, vector in rows
    ]


def indexed_chunks(collection_id: uuid.UUID, *, after: int, limit: int) -> list[PendingChunk]:
    """The next chunks that the index files must hold, in order of id, for writing them anew."""
    rows = (
        Chunk.unscoped.filter(collection_id=collection_id, is_indexed=True, id__gt=after)
        .order_by("id")
        .values_list("id", "version_id", "text", "language", "vector")[:limit]
    )
    return [
        PendingChunk(pk, version_id, text, language, bytes(vector or b""))
        for pk, version_id, text, language, vector in rows
    ]


@dataclass(frozen=True, slots=True)
class NextProgress:
    """How many of a collection's passages the next embedder has embedded."""

    done: int
    total: int


def next_progress(collection: Collection) -> NextProgress:
    """One query."""
    found = Chunk.objects.within(collection.organization_id).filter(collection=collection)
    counts = found.aggregate(total=Count("id"), done=Count("id", filter=~Q(next_vector=None)))
    return NextProgress(counts["done"], counts["total"])


def has_chunks_to_index(collection_id: uuid.UUID) -> bool:
    """True while chunks wait for the embedder that answers."""
    return bool(pending_chunks(collection_id, after=0, limit=1))


def has_documents_to_read(collection_id: uuid.UUID) -> bool:
    """True while more chunks of this collection are on their way."""
    return DocumentVersion.unscoped.filter(
        document__collection_id=collection_id,
        state__in=(DocumentState.QUEUED, DocumentState.PARSING),
    ).exists()


def is_index_whole(collection_id: uuid.UUID) -> bool:
    """False while ready documents have chunks that the index files do not hold (a rebuild)."""
    return not Chunk.unscoped.filter(
        collection_id=collection_id, is_indexed=False, version__state=DocumentState.READY
    ).exists()


@dataclass(frozen=True, slots=True)
class Tombstones:
    """Chunk ids the index must not return, and the newest row they were read from."""

    chunk_ids: frozenset[int]
    last_id: int


def tombstones_of(collection_id: uuid.UUID, *, after: int = 0) -> Tombstones:
    """All tombstones of the collection that are newer than row ``after``."""
    rows = (
        Tombstone.objects.filter(collection_id=collection_id, id__gt=after)
        .order_by("id")
        .values_list("id", "chunk_ids")
    )
    ids: set[int] = set()
    last = after
    for row_id, chunk_ids in rows:
        ids.update(chunk_ids)
        last = row_id
    return Tombstones(frozenset(ids), last)


@dataclass(frozen=True, slots=True)
class IndexContents:
    """All indexed passages of a collection, and how many characters their texts have."""

    ids: frozenset[int]
    characters: int


def contents_of(collection_id: uuid.UUID) -> IndexContents:
    indexed = Chunk.unscoped.filter(collection_id=collection_id, is_indexed=True)
    ids = frozenset(indexed.values_list("id", flat=True))
    size = indexed.aggregate(characters=Sum(Length("text")))["characters"]
    return IndexContents(ids, size or 0)


def indexed_passages(collection_id: uuid.UUID, ids: Ids[int]) -> list[PendingChunk]:
    """Those of these passages that are indexed, with their vectors, in order of id."""
    rows = (
        Chunk.unscoped.filter(collection_id=collection_id, is_indexed=True, id__in=ids)
        .order_by("id")
        .values_list("id", "version_id", "text", "language", "vector")
    )
    return [
        PendingChunk(pk, version_id, text, language, bytes(vector or b""))
        for pk, version_id, text, language, vector in rows
    ]
