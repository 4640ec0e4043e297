"""Where an index lives and what it must be bound to."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import altiplano_sdk as sdk
from altiplano_worker.runtime.index_errors import (
    IndexCorruptError,
    IndexMissingError,
    IndexModelMismatchError,
)
from altiplano_worker.runtime.index_files import FileVerifier
from altiplano_worker.runtime.index_manifest import IndexManifest, read_manifest


@dataclass(frozen=True, slots=True)
class IndexPlace:
    """A directory, the owner it belongs to, and the engines and model that may fill it."""

    directory: Path
    owner: str
    engines: Mapping[str, sdk.Index]
    model_id: str
    dimension: int
    verifier: FileVerifier = field(default_factory=FileVerifier)

    @property
    def manifest(self) -> Path:
        return self.directory / "manifest.json"

    @property
    def previous_manifest(self) -> Path:
        return self.directory / "manifest.previous.json"

    @property
    def generations(self) -> Path:
        return self.directory / "generations"

    def generation(self, number: int) -> Path:
        return self.generations / str(number)

    def generation_numbers(self) -> list[int]:
        """Numbers of all generation directories, committed or left behind by a crash."""
        if not self.generations.exists():
            return []
        return sorted(int(path.name) for path in self.generations.iterdir() if path.name.isdigit())

    def read_current(self) -> IndexManifest:
        """The committed manifest, bound to this owner, model and engines.

        Raises IndexMissingError, IndexCorruptError or IndexModelMismatchError.
        """
        try:
            manifest = read_manifest(self.manifest)
        except FileNotFoundError as error:
            if self.previous_manifest.exists():
                raise IndexCorruptError("The index's manifest was removed.") from error
            raise IndexMissingError("The collection has no index.") from error
        self.check_binding(manifest)
        return manifest

    def read_previous(self) -> IndexManifest:
        """As :meth:`read_current`, of the generation before it."""
        try:
            manifest = read_manifest(self.previous_manifest)
        except FileNotFoundError as error:
            raise IndexMissingError("The collection has no earlier index.") from error
        self.check_binding(manifest)
        return manifest

    def check_binding(self, manifest: IndexManifest) -> None:
        """Returns when ``manifest`` was written for this very place."""
        if manifest.owner != self.owner:
            raise IndexCorruptError("The index belongs to another collection.")
        if (manifest.model_id, manifest.dimension) != (self.model_id, self.dimension):
            raise IndexModelMismatchError(
                f"The index was built with the embedding model {manifest.model_id}, "
                f"the collection uses {self.model_id}."
            )
        if manifest.engines != tuple(sorted(self.engines)):
            raise IndexModelMismatchError("The index was built by other index plugins.")

    def check_files(self, manifest: IndexManifest) -> Path:
        """The generation's directory, with every file as it was committed.

        Raises IndexCorruptError otherwise.
        """
        directory = self.generation(manifest.generation)
        self.verifier.verify(directory, manifest.files)
        return directory
