"""Collections held open for one request: a generation of the index, and what not to show of it."""

import asyncio
import threading
import time
import uuid
from collections import OrderedDict
from dataclasses import dataclass, replace
from typing import Final

import structlog

import altiplano_sdk as sdk
from altiplano.catalog.domain.running import RunPlugin
from altiplano.kernel.database_threads import read_database, write_database
from altiplano.knowledge import index_contents, queries
from altiplano.knowledge.domain.repair import request_repair
from altiplano.knowledge.index_contents import Tombstones
from altiplano.knowledge.models import Collection
from altiplano.knowledge.reading import index_step
from altiplano_worker.runtime.context import CollectionEmbedder
from altiplano_worker.runtime.index_errors import IndexMissingError, IndexStoreError
from altiplano_worker.runtime.index_reader import IndexReader, Signal
from altiplano_worker.runtime.sandbox.indexes import HeldIndex, IndexGoneError
from altiplano_worker.tasks.collection_plugins import runnable_releases
from altiplano_worker.tasks.package_indexes import package_indexes
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
    """A collection at one generation. ``excluded`` chunks are gone from the database.

    ``package`` is an index from outside that holds the newest generation and answers for its
    signal; None where there is none, or where it is still being filled.
    """

    collection: Collection
    embedder: CollectionEmbedder
    reader: IndexReader
    excluded: frozenset[int]
    package: HeldIndex | None = None

    async def search(self, signal: Signal, query: sdk.IndexQuery) -> tuple[sdk.IndexHit, ...]:
        """At most ``query.k`` hits, best first, of the index that answers for ``signal``.

        Raises what an index from outside raised.
        """
        if self.package is not None and self.package.signal == signal:
            try:
                return await self.package.search(query)
            except IndexGoneError:  # filled again by the next request
                log.info("package_index.gone", collection=str(self.collection.id))
        return await asyncio.to_thread(self.reader.search, signal, query)


async def open_collections(
    organization_id: uuid.UUID, collection_ids: frozenset[uuid.UUID]
) -> list[OpenCollection]:
    """The organization's collections of these ids that have anything to search.

    Each reader is the caller's to close. Raises IndexUnavailableError, with a repair requested, and
    what keeps an index from a package from answering.
    """
    found = await read_database(lambda: _look_up(organization_id, collection_ids))
    releases = {each.collection.id: each.releases for each in found}
    opened: list[OpenCollection] = []
    try:
        for each in found:
            reader = await _open(each.collection, is_owed=each.is_owed)
            if reader is not None:
                embedder = embedder_for(each.collection)
                opened.append(OpenCollection(each.collection, embedder, reader, each.excluded))
        for place, one in enumerate(opened):
            opened[place] = await _with_package(one, releases[one.collection.id])
    except BaseException:
        for before in opened:
            before.reader.close()
        raise
    return opened


@dataclass(frozen=True, slots=True)
class _Found:
    """``excluded`` are its tombstones; it must have an index if ``is_owed``; ``releases`` are those
    that its index is held to.
    """

    collection: Collection
    excluded: frozenset[int]
    is_owed: bool
    releases: tuple[RunPlugin, ...]


def _look_up(organization_id: uuid.UUID, collection_ids: frozenset[uuid.UUID]) -> list[_Found]:
    """Raises PermanentError for an index from a package that must not run."""
    return [
        _Found(
            collection,
            _tombstones.of(collection),
            collection.index_generation > 0 or queries.has_ready_documents(collection.id),
            _index_releases(collection),
        )
        for collection in queries.searchable_collections(organization_id, collection_ids)
    ]


def _index_releases(collection: Collection) -> tuple[RunPlugin, ...]:
    step = index_step(collection)
    if step is None or step.pin is None:
        return ()
    return runnable_releases(collection.organization_id, [step.pin])


async def _with_package(opened: OpenCollection, releases: tuple[RunPlugin, ...]) -> OpenCollection:
    """With the collection's index from outside, if it has one that is filled.

    Raises what kept it from being filled.
    """
    step = index_step(opened.collection)
    if step is None or not releases:
        return opened
    package = await package_indexes.open(opened.collection, step, releases)
    return replace(opened, package=package)


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
        new = index_contents.tombstones_of(collection.id, after=known.last_id)
        if new.chunk_ids:
            known = Tombstones(known.chunk_ids | new.chunk_ids, new.last_id)
        with self._lock:
            self._known[collection.id] = (generation, known)
            self._known.move_to_end(collection.id)
            if len(self._known) > MAX_REMEMBERED:
                self._known.popitem(last=False)
        return known.chunk_ids


_tombstones = _TombstoneMemory()
