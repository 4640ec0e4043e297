"""Plugin packages: read, checked, packed, signed and unpacked, on the author's side and ours.

Nothing here runs what a package holds, but :mod:`.loading` and :mod:`.describing`, which say so.
Importing this needs pydantic alone; what needs more is imported where it is used.
"""

from altiplano_sdk.packaging.findings import (
    ArchiveError,
    Finding,
    LoadError,
    ManifestError,
    PackageError,
    Severity,
    errors_among,
)
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
