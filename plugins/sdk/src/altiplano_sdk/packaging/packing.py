"""From an author's folder to the one file that is uploaded, reviewed and installed."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from altiplano_sdk.manifest import MANIFEST_NAME, PackageManifest
from altiplano_sdk.packaging import layout
from altiplano_sdk.packaging.archive import open_archive
from altiplano_sdk.packaging.bill import bill_of_parts
from altiplano_sdk.packaging.checking import check_package
from altiplano_sdk.packaging.describing import describe_folder
from altiplano_sdk.packaging.findings import Finding, PackageError, errors_among
from altiplano_sdk.packaging.reading import read_manifest
from altiplano_sdk.packaging.requirement_checks import read_requirements
from altiplano_sdk.packaging.source import read_folder
from altiplano_sdk.packaging.vendoring import Wheel, fetch_wheels
from altiplano_sdk.packaging.wheel_checks import lock_line
from altiplano_sdk.packaging.zip_writing import write_zip


@dataclass(frozen=True, slots=True)
class PackedRelease:
    """``files`` are entries of the archive, ``wheels`` the names of the vendored ones.

    ``warnings`` did not keep the package from being packed.
    """

    path: Path
    digest: str
    manifest: PackageManifest
    size: int
    files: int
    wheels: tuple[str, ...]
    warnings: tuple[Finding, ...] = ()


FetchWheels = Callable[[tuple[str, ...]], tuple[Wheel, ...]]
"""From pinned requirements to the wheels that are vendored."""


def pack_folder(
    folder: Path,
    target: Path,
    *,
    report: Mapping[str, Any] | None = None,
    fetch: FetchWheels = fetch_wheels,
) -> PackedRelease:
    """The package in ``folder`` as ``ID-VERSION.altiplano`` in the folder ``target``.

    Runs the package's code once, to learn its configuration. ``report`` is that of the
    conformance suites; without it the archive says that they were not run. The same folder makes
    the same file. Raises PackageError, and writes nothing, when a check finds an error.
    """
    found = check_package(folder)
    if errors := errors_among(found):
        raise PackageError(errors)
    manifest = read_manifest(folder)
    source = read_folder(folder, manifest)
    requirements, _ = read_requirements(source.documents.get(layout.REQUIREMENTS, ""))
    schemas = describe_folder(folder)
    wheels = fetch(requirements)
    entries: dict[str, bytes] = {
        MANIFEST_NAME: source.manifest_text.encode(),
        layout.README: source.documents.get(layout.README, _readme(manifest)).encode(),
        layout.LICENCE: source.documents[layout.LICENCE].encode(),
        layout.WHEELS_LOCK: _lock(wheels),
        layout.SBOM: bill_of_parts(manifest, wheels),
        layout.REPORT: _json(dict(report or {})),
        **{f"{layout.SCHEMAS}/{kind}.json": _json(schema) for kind, schema in schemas.items()},
        **{f"{layout.WHEELS}/{wheel.file}": wheel.data for wheel in wheels},
        **{f"{layout.CODE}/{path}": file.read() for path, file in source.files.items()},
    }
    path = target / layout.archive_name(manifest)
    draft = target / f".{path.name}.draft"
    try:
        write_zip(draft, entries)
        with open_archive(draft) as archive:
            if errors := errors_among(check_package(archive)):
                raise PackageError(errors)
            digest = archive.digest
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)
    names = tuple(wheel.file for wheel in wheels)
    return PackedRelease(path, digest, manifest, path.stat().st_size, len(entries), names, found)


def _readme(manifest: PackageManifest) -> str:
    return f"# {manifest.title}\n\n{manifest.summary}\n"


def _lock(wheels: tuple[Wheel, ...]) -> bytes:
    lines = (lock_line(wheel.name, wheel.version, wheel.sha256, wheel.file) for wheel in wheels)
    return "".join(f"{line}\n" for line in sorted(lines)).encode()


def _json(data: Mapping[str, Any]) -> bytes:
    return json.dumps(data, indent=2, sort_keys=True, ensure_ascii=False).encode() + b"\n"
