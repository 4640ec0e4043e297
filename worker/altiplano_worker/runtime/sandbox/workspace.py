"""The folder of a process whose level bounds none: watched, and the process ended if it is too full."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from pathlib import Path
from typing import Final

LOOK_SECONDS: Final = 0.25


async def watch_folder(folder: Path, *, most: int, tell: Callable[[], None]) -> None:
    """Returns after ``tell`` was called, once there is more than ``most`` in the folder.

    Between two looks a process may write what the disk takes in a quarter of a second.
    """
    while True:
        await asyncio.sleep(LOOK_SECONDS)
        if await asyncio.to_thread(size_of, folder) > most:
            tell()
            return


def size_of(folder: Path) -> int:
    """Bytes of all files below; each at least a block, so that empty ones count."""
    size = 0
    for place, _folders, files in os.walk(folder):
        for name in files:
            try:
                found = (Path(place) / name).lstat()
            except OSError:  # it went while we looked
                continue
            # A file under two names is there once.
            size += max(found.st_blocks * 512, 4096) // max(found.st_nlink, 1)
    return size
