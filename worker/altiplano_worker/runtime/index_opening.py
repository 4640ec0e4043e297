"""Opening the committed generation once, and falling back to the one before it."""

import os
import threading

import altiplano_sdk as sdk
from altiplano_worker.runtime.index_errors import IndexCorruptError, IndexStoreError
from altiplano_worker.runtime.index_manifest import IndexManifest
from altiplano_worker.runtime.index_place import IndexPlace
from altiplano_worker.runtime.index_reader import IndexReader

_Identity = tuple[int, int, int] | None
"""Inode, size and time of the manifest, which is replaced as a whole; None when it is gone."""


class GenerationCache:
    """Keeps the reader of the current generation; one ``stat`` tells whether it still is."""

    def __init__(self, place: IndexPlace) -> None:
        self._place = place
        self._lock = threading.Lock()
        self._cached: tuple[_Identity, IndexReader] | None = None

    def open(self) -> IndexReader:
        """The reader of the committed generation, held once more for the caller.

        When that generation is damaged and the one before it is whole, the reader is of that
        one and says so. Raises IndexStoreError when neither can be read.
        """
        with self._lock:
            identity = self._manifest_identity()
            if self._cached is None or self._cached[0] != identity:
                reader = self._load(identity)
                self._drop()
                self._cached = (identity, reader.hold())
            return self._cached[1].hold()

    def close(self) -> None:
        """Drop the cached reader; whoever still holds it goes on undisturbed."""
        with self._lock:
            self._drop()

    def _drop(self) -> None:
        if self._cached is not None:
            self._cached[1].close()
        self._cached = None

    def _load(self, identity: _Identity) -> IndexReader:
        """The reader for the manifest seen as ``identity``, or for a newer one.

        A newer one is simply found to be newer at the next call and loaded again then.
        """
        while True:
            try:
                return self._open_generation(self._place.read_current(), degraded=False)
            except IndexCorruptError as error:
                now = self._manifest_identity()
                if now != identity:
                    # Committed and collected while it was being read: not damage.
                    identity = now
                    continue
                return self._open_previous(error)

    def _open_previous(self, damage: IndexCorruptError) -> IndexReader:
        try:
            return self._open_generation(self._place.read_previous(), degraded=True)
        except IndexStoreError:
            raise damage from None

    def _open_generation(self, manifest: IndexManifest, *, degraded: bool) -> IndexReader:
        directory = self._place.check_files(manifest)
        opened: dict[str, sdk.OpenIndex] = {}
        if manifest.count:
            try:
                for engine_id, engine in self._place.engines.items():
                    opened[engine.signal] = engine.open(directory / engine_id)
                    if opened[engine.signal].count != manifest.count:
                        raise IndexCorruptError("An engine's index is not complete.")  # noqa: TRY301
            except Exception as error:
                for index in opened.values():
                    index.close()
                raise IndexCorruptError("The index cannot be opened.") from error
        return IndexReader(
            generation=manifest.generation,
            count=manifest.count,
            degraded=degraded,
            opened=opened,
        )

    def _manifest_identity(self) -> _Identity:
        try:
            stat = os.stat(self._place.manifest)  # noqa: PTH116 - half the time of Path.stat
        except FileNotFoundError:
            return None
        return (stat.st_ino, stat.st_size, stat.st_mtime_ns)
