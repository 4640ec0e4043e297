"""A package opened for its tests: its manifest, its classes and what its author wrote down.

Opening runs the package's code: on its author's machine and in the sandbox only.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from altiplano_sdk.contracts.kinds import StageKind
from altiplano_sdk.manifest import MANIFEST_NAME, PackageManifest
from altiplano_sdk.packaging.loading import load_package
from altiplano_sdk.packaging.reading import read_manifest
from altiplano_sdk.testing.samples import Samples, read_samples

UNPACKED_NAME: Final = "manifest.json"


@dataclass(frozen=True, slots=True)
class OpenedPackage:
    """``code`` is the folder that holds the import package."""

    directory: Path
    code: Path
    manifest: PackageManifest
    classes: Mapping[StageKind, type[Any]]
    samples: Samples

    def file_of(self, kind: StageKind) -> str:
        """The file that holds the class of ``kind``, relative to the author's folder."""
        module = self.manifest.entry_of(kind).partition(":")[0].replace(".", "/")
        name = f"{module}/__init__.py"
        return name if (self.code / name).is_file() else f"{module}.py"

    @property
    def manifest_path(self) -> Path:
        unpacked = self.directory / UNPACKED_NAME
        return unpacked if unpacked.is_file() else self.directory / MANIFEST_NAME


def open_package(directory: Path) -> OpenedPackage:
    """The package in an author's folder or in the directory of an unpacked release.

    Raises PackageError with findings, or SamplesError when ``conformance.toml`` is wrong.
    """
    directory = directory.resolve()
    unpacked = directory / UNPACKED_NAME
    if unpacked.is_file():
        code = directory / "code"
        manifest = PackageManifest.model_validate_json(unpacked.read_bytes())
    else:
        code, manifest = directory, read_manifest(directory)
    classes = load_package(directory, manifest)
    import_package = manifest.provides[0].entry.partition(":")[0].partition(".")[0]
    return OpenedPackage(directory, code, manifest, classes, read_samples(code / import_package))
