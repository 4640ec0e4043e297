"""What a run may search: the collections it was pinned to."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from altiplano.kernel.database_threads import read_database
from altiplano.knowledge import queries
from altiplano.runs.domain.execution import RunWork
from altiplano_sdk.contracts import PassageIndex, TextEmbedder
from altiplano_worker.tasks.passages import CollectionPassages
from altiplano_worker.tasks.stores import embedder_for


@dataclass(frozen=True, slots=True)
class Capabilities:
    """Both None for an app without collections."""

    index: PassageIndex | None = None
    embed: TextEmbedder | None = None


@asynccontextmanager
async def open_capabilities(work: RunWork) -> AsyncIterator[Capabilities]:
    """Search and embedding over the run's collections, for the time of the block.

    All collections of an app have the same embedding model, so the first one's serves.
    """
    collection_ids = frozenset(work.generations)
    if not collection_ids:
        yield Capabilities()
        return
    collections = await read_database(
        lambda: queries.searchable_collections(work.organization_id, collection_ids)
    )
    embed = embedder_for(collections[0]) if collections else None
    async with CollectionPassages(work.organization_id, collection_ids) as index:
        yield Capabilities(index, embed)
