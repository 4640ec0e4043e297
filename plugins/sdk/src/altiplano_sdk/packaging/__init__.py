"""Plugin packages: read, checked, packed, signed and unpacked, on the author's side and ours.

Nothing here runs what a package holds, but :mod:`.loading` and :mod:`.describing`, which say so.
Importing this needs pydantic alone; what needs more is imported where it is used.
"""

from typing import TYPE_CHECKING, Any

from altiplano_sdk.packaging.findings import (
    ArchiveError,
    Finding,
    LoadError,
    ManifestError,
    PackageError,
    Severity,
    errors_among,
)

if TYPE_CHECKING:
    from altiplano_sdk.packaging.reading import read_manifest

__all__ = [
    "ArchiveError",
    "Finding",
    "LoadError",
    "ManifestError",
    "PackageError",
    "Severity",
    "errors_among",
    "read_manifest",
]


def __getattr__(name: str) -> Any:
    """``read_manifest`` when it is asked for: a sandbox that starts has no TOML to read."""
    if name == "read_manifest":
        from altiplano_sdk.packaging.reading import read_manifest

        return read_manifest
    raise AttributeError(name)
