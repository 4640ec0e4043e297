"""What a release needs of its process: whether a warm one will do, and how much room to write."""

from __future__ import annotations

import os
from functools import lru_cache
from pathlib import Path
from typing import Final

import altiplano_sdk as sdk
from altiplano_worker.runtime.sandbox.launcher import SCRATCH_BYTES
from altiplano_worker.runtime.sandbox.releases import ReleaseOnDisk

LIGHT_BYTES: Final = 8 * 1024 * 1024
LIGHT_FILES: Final = 300


def is_light(release: ReleaseOnDisk) -> bool:
    """True when a copy costs less than starting Python anew. Releases do not change."""
    return _is_light(release.digest, release.directory)


def room_needed(release: ReleaseOnDisk, memory_bytes: int) -> int:
    """Bytes for files of its own: an index may write as many as it was granted memory."""
    if holds_index(release):
        return max(SCRATCH_BYTES, memory_bytes)
    return SCRATCH_BYTES


def holds_index(release: ReleaseOnDisk) -> bool:
    return any(provided.kind is sdk.StageKind.INDEX for provided in release.manifest.provides)


@lru_cache(maxsize=1024)
def _is_light(_: str, directory: Path) -> bool:
    files, size = 0, 0
    for folder, _folders, names in os.walk(directory):
        for name in names:
            files += 1
            size += (Path(folder) / name).stat().st_size
            if files > LIGHT_FILES or size > LIGHT_BYTES:
                return False
    return True
