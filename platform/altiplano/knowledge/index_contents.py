"""What an index must hold, as the database says: for one that keeps nothing itself."""

import uuid
from collections.abc import Collection as Ids
from dataclasses import dataclass

from django.db.models import Sum
from django.db.models.functions import Length

from altiplano.knowledge.models import Chunk
from altiplano.knowledge.queries import PendingChunk


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
