"""Whether a release is small enough to be copied to a process that is already warm."""

from __future__ import annotations

import os
from functools import lru_cache
from pathlib import Path
from typing import Final

from altiplano_worker.runtime.sandbox.releases import ReleaseOnDisk

LIGHT_BYTES: Final = 8 * 1024 * 1024
LIGHT_FILES: Final = 300


def is_light(release: ReleaseOnDisk) -> bool:
    """True when a copy costs less than starting Python anew. Releases do not change."""
    return _is_light(release.digest, release.directory)


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
