"""Indexes from packages: filled in the plugin's process from the database, and kept up with it.

The database holds every passage with its vector; an index in a plugin's process is a second cache of
them beside the built-in one. It begins empty with each process, and until it holds the generation
that is asked for, the built-in index of the same signal answers.
"""

import asyncio
import time
import uuid
from collections import OrderedDict
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

import structlog

import altiplano_sdk as sdk
from altiplano.catalog.domain.running import RunPlugin
from altiplano.kernel.database_threads import read_database
from altiplano.knowledge import index_contents
from altiplano.knowledge.models import Collection
from altiplano.knowledge.reading import Step
from altiplano_worker.runtime.context import stage_log
from altiplano_worker.runtime.sandbox.indexes import HeldIndex, IndexGoneError, RemoteIndex
from altiplano_worker.tasks.plugin_host import plugin_host

log = structlog.get_logger(__name__)

WAIT_SECONDS: Final = 2.0
"""How long a search waits for an index that is being filled, before the built-in one answers."""

PAUSE_SECONDS: Final = 30.0
"""After a failure nothing is tried again for so long, unless the collection changes."""

PAGE: Final = 512
"""Passages that cross at a time."""

MAX_KEPT: Final = 64
MEGABYTE: Final = 1024 * 1024

Generation = tuple[int, int]
"""Series and number, as the collection has them."""


@dataclass(slots=True)
class _Kept:
    """What this process knows of one collection's index, which is of one release and model."""

    identity: tuple[str, str, str, int, int]
    held: HeldIndex | None = None
    generation: Generation | None = None
    filling: asyncio.Task[None] | None = None
    failure: tuple[sdk.PluginError, Generation, float] | None = None


class PackageIndexes:
    """One per process, on its event loop."""

    def __init__(self, *, wait_seconds: float = WAIT_SECONDS) -> None:
        self._wait_seconds = wait_seconds
        self._kept: OrderedDict[uuid.UUID, _Kept] = OrderedDict()
        self._dropping: set[asyncio.Task[None]] = set()

    async def open(
        self, collection: Collection, step: Step, releases: Sequence[RunPlugin]
    ) -> HeldIndex | None:
        """The collection's index, with all of its newest generation; None while it is being filled.

        ``releases`` are what ``step`` is held to. Raises what the plugin raised when it was filled,
        and PermanentError (``index_too_large``) for more than it was granted memory for.
        """
        generation = (collection.index_series, collection.index_generation)
        kept = self._find(collection, step)
        if kept.held is not None and not kept.held.is_alive:
            kept.held, kept.generation = None, None
        if kept.generation == generation:
            return kept.held
        self._raise_failure(kept, generation)
        if kept.filling is None:
            kept.filling = asyncio.create_task(self._fill(kept, collection, step, releases))
        await asyncio.wait({kept.filling}, timeout=self._wait_seconds)
        self._raise_failure(kept, generation)
        return kept.held if kept.generation == generation else None

    def close(self) -> None:
        """Nothing is filled any more."""
        for task in (*(kept.filling for kept in self._kept.values()), *self._dropping):
            if task is not None:
                task.cancel()
        self._kept.clear()

    def _find(self, collection: Collection, step: Step) -> _Kept:
        pin = step.pin or {}
        identity = (
            pin["digest"],
            pin["config_hash"],
            collection.embedding_model,
            collection.embedding_dimension or 0,
            collection.index_series,
        )
        kept = self._kept.get(collection.id)
        if kept is None or kept.identity != identity:
            if kept is not None:
                self._forget(kept)
            kept = self._kept[collection.id] = _Kept(identity)
        self._kept.move_to_end(collection.id)
        if len(self._kept) > MAX_KEPT:
            self._forget(self._kept.popitem(last=False)[1])
        return kept

    def _forget(self, kept: _Kept) -> None:
        if kept.filling is not None:
            kept.filling.cancel()
        if kept.held is not None and kept.held.is_alive:
            dropping = asyncio.create_task(_drop(kept.held))
            self._dropping.add(dropping)
            dropping.add_done_callback(self._dropping.discard)

    def _raise_failure(self, kept: _Kept, generation: Generation) -> None:
        if kept.failure is not None:
            error, failed, until = kept.failure
            if failed == generation and time.monotonic() < until:
                raise error
            kept.failure = None

    async def _fill(
        self, kept: _Kept, collection: Collection, step: Step, releases: Sequence[RunPlugin]
    ) -> None:
        """The index holds what the database said at the beginning; or ``failure`` says why not."""
        generation = (collection.index_series, collection.index_generation)
        begun = time.monotonic()
        try:
            held = kept.held or await self._empty_index(collection, step, releases)
            await _follow(held, collection, releases[0])
        except IndexGoneError:
            kept.held, kept.generation = None, None
        except sdk.PluginError as error:
            kept.held, kept.generation = None, None
            kept.failure = (error, generation, time.monotonic() + PAUSE_SECONDS)
            log.warning("package_index.failed", collection=str(collection.id), code=error.code)
        else:
            kept.held, kept.generation = held, generation
            log.info(
                "package_index.filled",
                collection=str(collection.id),
                passages=len(held.ids),
                seconds=round(time.monotonic() - begun, 3),
            )
        finally:
            kept.filling = None

    async def _empty_index(
        self, collection: Collection, step: Step, releases: Sequence[RunPlugin]
    ) -> HeldIndex:
        async with plugin_host.open_plugins(collection.organization_id, releases) as registry:
            remote: RemoteIndex = registry.create(sdk.StageKind.INDEX, step.plugin, step.config)
            await remote.prepare()
            context = sdk.Context(log=stage_log(run_id=f"index-{collection.id.hex}"))
            return remote.hold(f"{collection.id.hex}-{uuid.uuid4().hex}", context)


async def _follow(held: HeldIndex, collection: Collection, plugin: RunPlugin) -> None:
    """``held`` has the passages that the database names now, and no others."""
    contents = await read_database(lambda: index_contents.contents_of(collection.id))
    dimension = collection.embedding_dimension or 0
    needed = len(contents.ids) * dimension * 4 + contents.characters
    if needed > plugin.granted.memory_bytes:
        raise sdk.PermanentError(
            f"The collection is too large for the index of the plugin {plugin.manifest.id}: its "
            f"passages take {needed // MEGABYTE} MB, and the plugin was granted "
            f"{plugin.granted.memory_bytes // MEGABYTE} MB.",
            code="index_too_large",
        )
    added = sorted(contents.ids - held.ids)
    await held.change(_batches(collection, added), held.ids - contents.ids)


async def _batches(collection: Collection, ids: Sequence[int]) -> AsyncIterator[sdk.IndexBatch]:
    """The passages of these ids that are still there, page by page."""
    dimension = collection.embedding_dimension or 0
    for start in range(0, len(ids), PAGE):
        page = ids[start : start + PAGE]
        chunks = await read_database(
            lambda page=page: index_contents.indexed_passages(collection.id, page)  # type: ignore[misc]
        )
        vectors = b"".join(chunk.vector or b"" for chunk in chunks)
        if len(vectors) != len(chunks) * dimension * 4:
            raise sdk.RetryableError(
                "The collection is getting another embedding model. Try again in a moment.",
                code="index_unavailable",
            )
        if chunks:
            yield sdk.IndexBatch(
                ids=tuple(chunk.id for chunk in chunks),
                texts=tuple(chunk.text for chunk in chunks),
                languages=tuple(chunk.language for chunk in chunks),
                vectors=sdk.VectorBatch(dimension, len(chunks), vectors),
            )


async def _drop(held: HeldIndex) -> None:
    with suppress(sdk.PluginError, IndexGoneError):
        await held.drop()


package_indexes = PackageIndexes()
