"""Collections held open for one request: a generation of the index, and what not to show of it."""

import threading
import time
import uuid
from collections import OrderedDict
from dataclasses import dataclass
from typing import Final

import structlog

import altiplano_sdk as sdk
from altiplano.kernel.database_threads import read_database, write_database
from altiplano.knowledge import queries
from altiplano.knowledge.domain.repair import request_repair
from altiplano.knowledge.models import Collection
from altiplano.knowledge.queries import Tombstones
from altiplano_worker.runtime.context import CollectionEmbedder
from altiplano_worker.runtime.index_errors import IndexMissingError, IndexStoreError
from altiplano_worker.runtime.index_reader import IndexReader
from altiplano_worker.tasks.stores import embedder_for, open_stores

log = structlog.get_logger(__name__)

REPAIR_PAUSE: Final = 10.0
"""Seconds between two requests to repair the same collection, per process."""

MAX_REMEMBERED: Final = 1024


class IndexUnavailableError(sdk.RetryableError):
    """The collection has documents to answer from, but its index cannot be read right now."""

    code = "index_unavailable"


@dataclass(frozen=True, slots=True)
class OpenCollection:
    """A collection at one generation. ``excluded`` chunks are gone from the database."""

    collection: Collection
    embedder: CollectionEmbedder
    reader: IndexReader
    excluded: frozenset[int]


async def open_collections(
    organization_id: uuid.UUID, collection_ids: frozenset[uuid.UUID]
) -> list[OpenCollection]:
    """The organization's collections of these ids that have anything to search.

    Each reader is the caller's to close. Raises IndexUnavailableError, with a repair requested.
    """
    found = await read_database(lambda: _look_up(organization_id, collection_ids))
    opened: list[OpenCollection] = []
    try:
        for collection, excluded, is_owed in found:
            reader = await _open(collection, is_owed=is_owed)
            if reader is not None:
                opened.append(
                    OpenCollection(collection, embedder_for(collection), reader, excluded)
                )
    except BaseException:
        for each in opened:
            each.reader.close()
        raise
    return opened


def _look_up(
    organization_id: uuid.UUID, collection_ids: frozenset[uuid.UUID]
) -> list[tuple[Collection, frozenset[int], bool]]:
    """Each collection with its tombstones, and whether it must have an index."""
    return [
        (
            collection,
            _tombstones.of(collection),
            collection.index_generation > 0 or queries.has_ready_documents(collection.id),
        )
        for collection in queries.searchable_collections(organization_id, collection_ids)
    ]


async def _open(collection: Collection, *, is_owed: bool) -> IndexReader | None:
    """A reader; None for a collection without a single ready document."""
    if not is_owed or collection.embedding_dimension is None:
        return None
    if collection.index_generation == 0:  # being written anew, and not whole yet
        await _request_repair(collection)
        raise _unavailable()
    embedder = embedder_for(collection)
    store = open_stores.of(collection, model_id=embedder.model_id, dimension=embedder.dimension)
    try:
        reader = store.open()
    except IndexStoreError as error:
        is_missing = isinstance(error, IndexMissingError)
        log.warning("index.unusable", collection=str(collection.id), missing=is_missing)
        await _request_repair(collection)
        raise _unavailable() from error
    if reader.degraded:
        await _request_repair(collection)
    return reader


def _unavailable() -> IndexUnavailableError:
    return IndexUnavailableError(
        "The search index is being rebuilt from the stored documents. Try again in a moment."
    )


_repairs: dict[uuid.UUID, float] = {}


async def _request_repair(collection: Collection) -> None:
    now = time.monotonic()
    if now - _repairs.get(collection.id, -REPAIR_PAUSE) < REPAIR_PAUSE:
        return
    if len(_repairs) >= MAX_REMEMBERED:
        _repairs.clear()
    _repairs[collection.id] = now
    await write_database(
        lambda: request_repair(collection.id, organization_id=collection.organization_id)
    )


class _TombstoneMemory:
    """Tombstones of the collections searched last; a search reads only those that are new.

    Forgotten whenever the index has a new generation: a compaction may have buried them for good.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._known: OrderedDict[uuid.UUID, tuple[int, Tombstones]] = OrderedDict()

    def of(self, collection: Collection) -> frozenset[int]:
        generation = collection.index_generation
        with self._lock:
            at, known = self._known.get(collection.id, (-1, Tombstones(frozenset(), 0)))
        if at != generation:
            known = Tombstones(frozenset(), 0)
        new = queries.tombstones_of(collection.id, after=known.last_id)
        if new.chunk_ids:
            known = Tombstones(known.chunk_ids | new.chunk_ids, new.last_id)
        with self._lock:
            self._known[collection.id] = (generation, known)
            self._known.move_to_end(collection.id)
            if len(self._known) > MAX_REMEMBERED:
                self._known.popitem(last=False)
        return known.chunk_ids


_tombstones = _TombstoneMemory()
