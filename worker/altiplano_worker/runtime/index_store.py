"""The generations of one collection's index directory.

::

    manifest.json              the only commit point; names the current generation
    manifest.previous.json     the one before it
    writer.lock                held by the one writer
    generations/<n>/ids/       chunk ids
    generations/<n>/<engine>/  files of one index plugin

The directory is a cache of what the database holds. Nothing in a generation ever changes: a
writer builds the next one beside it, sharing files by hard links, and commits it by replacing
the manifest. A crash at any moment leaves the old generation or the new one. Files are checked
against the manifest before any index library reads them.
"""

import shutil
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import numpy as np

import altiplano_sdk as sdk
from altiplano_worker.runtime.crash_points import crash_point
from altiplano_worker.runtime.index_batches import check_batch, select_rows
from altiplano_worker.runtime.index_errors import (
    IndexBatchError,
    IndexMissingError,
    IndexStoreError,
)
from altiplano_worker.runtime.index_files import flush_directory, flush_tree
from altiplano_worker.runtime.index_ids import extend_ids, read_ids, write_ids
from altiplano_worker.runtime.index_lock import exclusive_lock
from altiplano_worker.runtime.index_manifest import IndexManifest, write_manifest
from altiplano_worker.runtime.index_opening import GenerationCache
from altiplano_worker.runtime.index_place import IndexPlace
from altiplano_worker.runtime.index_reader import IndexReader

_COMPACT_AFTER = 50_000
_COMPACT_SHARE = 0.2


class IndexStore:
    """Reads and writes the index of one collection.

    ``owner`` names the collection and its organization; a directory written for another owner
    is refused. Safe for many threads and, through a file lock, for many processes; only one
    writes at a time, the others wait ``lock_seconds`` and then get IndexBusyError.
    """

    def __init__(
        self,
        directory: Path,
        *,
        owner: str,
        engines: Mapping[str, sdk.Index],
        model_id: str,
        dimension: int,
        lock_seconds: float = 30.0,
    ) -> None:
        self._place = IndexPlace(
            directory=directory,
            owner=owner,
            engines=dict(engines),
            model_id=model_id,
            dimension=dimension,
        )
        self._lock_seconds = lock_seconds
        self._cache = GenerationCache(self._place)

    def open(self) -> IndexReader:
        """A reader of the current generation; close it, or use it in a ``with`` block.

        Costs one ``stat`` when nothing was committed since the last call. Raises
        IndexMissingError, IndexCorruptError or IndexModelMismatchError.
        """
        return self._cache.open()

    def close(self) -> None:
        """Let go of the cached generation. The store can still be used."""
        self._cache.close()

    def ids(self) -> frozenset[int]:
        """Ids of the current generation's chunks. Raises as :meth:`open`."""
        manifest = self._place.read_current()
        return frozenset(read_ids(self._place.check_files(manifest)).tolist())

    def contains(self, chunk_id: int) -> bool:
        """Whether the current generation holds the chunk. Raises as :meth:`open`."""
        manifest = self._place.read_current()
        return bool(np.any(read_ids(self._place.check_files(manifest)) == chunk_id))

    def add(self, batch: sdk.IndexBatch) -> int:
        """The batch is searchable; returns the generation that holds it.

        Chunks that are there already are skipped, so a batch may be sent again after a crash;
        when nothing is new, the current generation stays. Raises IndexBatchError, and the
        errors of :meth:`open` except IndexMissingError: the first batch makes the index.
        """
        check_batch(batch, dimension=self._place.dimension)
        with self._writing():
            current = self._read_for_writing()
            previous = self._place.check_files(current) if current else None
            present = read_ids(previous)
            new = np.flatnonzero(~np.isin(np.array(batch.ids, dtype=np.int64), present))
            if current is not None and len(new) == 0:
                return current.generation
            fresh = select_rows(batch, new.tolist())
            return self._commit(
                current,
                added=(current.added if current else 0) + len(fresh.ids),
                build=lambda target: self._extend(previous, target, fresh),
            )

    def compact(self, removed: frozenset[int]) -> int:
        """No chunk of ``removed`` is in the new generation, whose number is returned.

        Many small segments become few, large ones are quantized. The removed chunks' bytes are
        gone from the disk once :meth:`collect_garbage` has taken the older generations.
        """
        with self._writing():
            current = self._read_for_writing()
            if current is None:
                raise IndexMissingError("The collection has no index.")
            previous = self._place.check_files(current)
            present = read_ids(previous)
            kept = present[~np.isin(present, np.array(sorted(removed), dtype=np.int64))]

            def build(target: Path) -> None:
                write_ids(target, kept)
                for engine_id, engine in self._place.engines.items():
                    if len(kept):
                        (target / engine_id).mkdir()
                        engine.compact(previous / engine_id, target / engine_id, removed)
                        crash_point(f"{engine_id} compacted")

            return self._commit(current, added=0, build=build)

    def rebuild(self, batches: Iterable[sdk.IndexBatch]) -> int:
        """The index holds exactly ``batches``; returns its generation.

        Readers keep the generation they have until this one is complete. Works over a missing
        or damaged index and over one of another model: this is the road back from all three.
        """
        with self._writing():
            current = self._read_if_usable()

            def build(target: Path) -> None:
                steps = target / "steps"
                last = self._extend_stepwise(steps, batches)
                write_ids(target, read_ids(last))
                for engine_id, engine in self._place.engines.items():
                    if last is not None:
                        (target / engine_id).mkdir()
                        engine.compact(last / engine_id, target / engine_id, frozenset())
                shutil.rmtree(steps, ignore_errors=True)

            return self._commit(current, added=0, build=build, shares_files=False)

    def reset(self) -> int:
        """The index is empty and bound to this model and these engines."""
        return self.rebuild(())

    def is_compaction_due(self, *, removed: int = 0) -> bool:
        """Whether enough was added or ``removed`` since the last compaction to make it pay."""
        current = self._place.read_current()
        changed = current.added + removed
        return changed >= _COMPACT_AFTER and changed >= _COMPACT_SHARE * current.count

    def collect_garbage(self, grace_seconds: float) -> int:
        """Generations that were replaced more than ``grace_seconds`` ago are gone.

        The grace lets a reader in another process finish opening what it has just read about;
        open readers need none. What crashed writers left goes at once. Returns how many
        directories were removed.
        """
        if not self._place.directory.exists():
            return 0
        with self._writing():
            current = self._read_for_writing()
            if current is None:
                return 0
            numbers = self._place.generation_numbers()
            doomed = list(self._place.generations.glob(".building-*"))
            for number, successor in zip(numbers, [*numbers[1:], None], strict=True):
                left_behind = number > current.generation
                if left_behind or (
                    successor is not None
                    and number < current.generation
                    and self._age(successor) > grace_seconds
                ):
                    doomed.append(self._place.generation(number))
            for directory in doomed:
                shutil.rmtree(directory)
            self._forget(current)
            return len(doomed)

    def _forget(self, current: IndexManifest) -> None:
        """Nothing refers to generations that are gone."""
        kept = set(self._place.generation_numbers())
        try:
            previous = self._place.read_previous().generation
        except IndexStoreError:
            previous = None
        if previous not in kept:
            self._place.previous_manifest.unlink(missing_ok=True)
        self._place.verifier.forget_all_but([self._place.generation(current.generation)])

    def _age(self, generation: int) -> float:
        return time.time() - self._place.generation(generation).stat().st_mtime

    @contextmanager
    def _writing(self) -> Iterator[None]:
        self._place.generations.mkdir(parents=True, exist_ok=True)
        lock = self._place.directory / "writer.lock"
        with exclusive_lock(lock, seconds=self._lock_seconds):
            yield

    def _read_for_writing(self) -> IndexManifest | None:
        try:
            return self._place.read_current()
        except IndexMissingError:
            return None

    def _read_if_usable(self) -> IndexManifest | None:
        try:
            return self._place.read_current()
        except IndexStoreError:
            return None

    def _extend(self, previous: Path | None, target: Path, batch: sdk.IndexBatch) -> None:
        for engine_id, engine in self._place.engines.items():
            folder = target / engine_id
            folder.mkdir(parents=True)
            before = previous / engine_id if previous else None
            engine.extend(before if before and before.exists() else None, folder, batch)
            crash_point(f"{engine_id} extended")
        extend_ids(previous, target, np.array(batch.ids, dtype=np.int64))

    def _extend_stepwise(self, steps: Path, batches: Iterable[sdk.IndexBatch]) -> Path | None:
        last: Path | None = None
        seen: set[int] = set()
        for number, batch in enumerate(batches):
            check_batch(batch, dimension=self._place.dimension)
            if not seen.isdisjoint(batch.ids):
                raise IndexBatchError("A chunk comes in two batches.")
            seen.update(batch.ids)
            step = steps / str(number)
            self._extend(last, step, batch)
            if last is not None:
                shutil.rmtree(last)
            last = step
        return last

    def _commit(
        self,
        current: IndexManifest | None,
        *,
        added: int,
        build: Callable[[Path], None],
        shares_files: bool = True,
    ) -> int:
        """What ``build`` writes is the current generation, on disk, and its number returned.

        When ``build`` raises, nothing has changed.
        """
        place = self._place
        # Above everything on disk, so that no reader ever finds other files under a number.
        number = 1 + max([current.generation if current else 0, *place.generation_numbers()])
        building = place.generations / f".building-{number}"
        shutil.rmtree(building, ignore_errors=True)
        building.mkdir()
        try:
            build(building)
            crash_point("generation built")
            carried = current if shares_files else None
            files = place.verifier.record(
                building,
                place.generation(carried.generation) if carried else None,
                carried.files if carried else {},
            )
            flush_tree(building)
            crash_point("generation flushed")
            building.rename(place.generation(number))
        except BaseException:
            shutil.rmtree(building, ignore_errors=True)
            raise
        flush_directory(place.generations)
        crash_point("generation named")
        if current is not None:
            write_manifest(place.previous_manifest, current)
        write_manifest(
            place.manifest,
            IndexManifest(
                owner=place.owner,
                generation=number,
                model_id=place.model_id,
                dimension=place.dimension,
                engines=tuple(sorted(place.engines)),
                count=len(read_ids(place.generation(number))),
                added=added,
                files=files,
            ),
        )
        if current is None:
            # It names a generation that could not be read or was another model's.
            place.previous_manifest.unlink(missing_ok=True)
        return number
