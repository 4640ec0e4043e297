"""Searching as a worker does, from a test that has no event loop."""

from asgiref.sync import async_to_sync

import altiplano_sdk as sdk
from altiplano.knowledge.models import Collection
from altiplano_worker.tasks.passages import CollectionPassages


def search(
    collection: Collection,
    text: str,
    *more: Collection,
    mode: str = "lexical",
    k: int = 10,
    where: sdk.RetrievalFilter | None = None,
) -> tuple[sdk.Passage, ...]:
    """Passages of these collections, asked for in the first one's organization."""

    async def ask() -> tuple[sdk.Passage, ...]:
        ids = [each.id for each in (collection, *more)]
        async with CollectionPassages(collection.organization_id, ids) as passages:
            return await passages.search(text, mode=sdk.SearchMode(mode), k=k, where=where)

    return async_to_sync(ask)()


def found(collection: Collection, text: str, **how) -> list[str]:
    """Names of the documents found by both signals; they agree on small collections."""
    lexical = {hit.document_name for hit in search(collection, text, mode="lexical", **how)}
    dense = {hit.document_name for hit in search(collection, text, mode="dense", **how)}
    return sorted(lexical & dense)
