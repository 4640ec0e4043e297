"""The list of chunk ids in a generation, kept like everything else in immutable files.

``ids/<number>.i64`` hold little-endian 64-bit ids. A batch adds one small file and links the
others; at MERGE_AT files they become one. Rewriting the whole list for every batch would cost
eight megabytes a batch in a collection of a million chunks, for each generation kept.
"""

import os
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from altiplano_worker.runtime.index_files import write_file

Ids = NDArray[np.int64]

FOLDER = "ids"
MERGE_AT = 32


def read_ids(generation: Path | None) -> Ids:
    """All ids of a generation, in no order; none for None."""
    if generation is None:
        return np.empty(0, dtype=np.int64)
    return _join(sorted((generation / FOLDER).iterdir()))


def extend_ids(previous: Path | None, target: Path, added: Ids) -> None:
    """``target`` holds the ids of ``previous`` and ``added``."""
    folder = target / FOLDER
    folder.mkdir()
    old = sorted((previous / FOLDER).iterdir()) if previous is not None else []
    number = 1 + max((int(path.stem) for path in old), default=0)
    if len(old) + 1 >= MERGE_AT:
        added = np.concatenate([_join(old), added])
    else:
        for path in old:
            os.link(path, folder / path.name)
    write_file(folder / f"{number:06d}.i64", added.astype("<i8").tobytes())


def write_ids(target: Path, ids: Ids) -> None:
    """``target`` holds exactly ``ids``."""
    extend_ids(None, target, ids)


def _join(paths: list[Path]) -> Ids:
    parts = [np.fromfile(path, dtype="<i8") for path in paths]
    return np.concatenate(parts) if parts else np.empty(0, dtype=np.int64)
