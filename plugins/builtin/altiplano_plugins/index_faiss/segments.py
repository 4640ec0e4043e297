"""Segment files: what is on disk, independent of FAISS.

A segment ``000007`` is a file ``000007.vectors`` and, when quantized, ``000007.ivf`` beside it.
The vectors file is ours rather than FAISS's because it has no lengths to trust but the ones in
its header, which must add up to the file's size, and because compaction and exact re-ranking
read rows from it without loading it.

Layout, little-endian: 64 bytes of header (magic, dimension, count), then ``count`` ids of
8 bytes, then ``count`` rows of ``dimension`` float32.
"""

import os
import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

import altiplano_sdk as sdk

Ids = NDArray[np.int64]
Vectors = NDArray[np.float32]

_HEADER = struct.Struct("<8sIxxxxQ40x")
_MAGIC = b"ALTVEC01"
_BLOCK = 65_536


@dataclass(frozen=True, slots=True)
class SegmentFiles:
    """The paths of one segment. ``quantized`` exists only for quantized segments."""

    number: int
    vectors: Path
    quantized: Path

    @property
    def is_quantized(self) -> bool:
        return self.quantized.exists()


def segment_files(directory: Path, number: int) -> SegmentFiles:
    return SegmentFiles(
        number=number,
        vectors=directory / f"{number:06d}.vectors",
        quantized=directory / f"{number:06d}.ivf",
    )


def list_segments(directory: Path) -> tuple[SegmentFiles, ...]:
    """The segments of an index directory, oldest first."""
    numbers = sorted(int(path.stem) for path in directory.glob("*.vectors"))
    return tuple(segment_files(directory, number) for number in numbers)


def read_shape(path: Path) -> tuple[int, int]:
    """Count and dimension of a vectors file.

    Raises PermanentError when the header and the file's size contradict each other.
    """
    with path.open("rb") as file:
        header = file.read(_HEADER.size)
        size = os.fstat(file.fileno()).st_size
    if len(header) == _HEADER.size:
        magic, dimension, count = _HEADER.unpack(header)
        if magic == _MAGIC and size == _HEADER.size + count * (8 + 4 * dimension):
            return count, dimension
    raise sdk.PermanentError("A vector segment is damaged.", code="index_corrupt")


def read_ids(path: Path) -> Ids:
    """The ids of a vectors file, in row order."""
    count, _ = read_shape(path)
    return np.fromfile(path, dtype="<i8", count=count, offset=_HEADER.size)


def map_vectors(path: Path) -> Vectors:
    """The rows of a vectors file, mapped: rows that are never touched cost no memory."""
    count, dimension = read_shape(path)
    if count == 0:
        return np.empty((0, dimension), dtype=np.float32)
    offset = _HEADER.size + 8 * count
    return np.memmap(path, dtype="<f4", mode="r", offset=offset, shape=(count, dimension))


def write_vectors(path: Path, dimension: int, parts: Iterable[tuple[Ids, Vectors]]) -> None:
    """Write a vectors file from ``parts`` and flush it to disk.

    Rows are written block by block, so segments larger than memory can be merged.
    """
    with path.open("xb") as file:
        held = [(ids, rows) for ids, rows in parts if len(ids)]
        count = sum(len(ids) for ids, _ in held)
        file.write(_HEADER.pack(_MAGIC, dimension, count))
        for ids, _ in held:
            file.write(ids.astype("<i8", copy=False).tobytes())
        for _, rows in held:
            for block in row_blocks(rows):
                file.write(np.ascontiguousarray(block, dtype="<f4").tobytes())
        file.flush()
        os.fsync(file.fileno())


def row_blocks(rows: Vectors) -> Iterator[Vectors]:
    """``rows`` in slices small enough to hold in memory."""
    for start in range(0, len(rows), _BLOCK):
        yield rows[start : start + _BLOCK]


def link_segment(segment: SegmentFiles, target: Path) -> None:
    """``segment`` is in ``target`` too, under its number, without copying its bytes."""
    for path in (segment.vectors, segment.quantized):
        if path.exists():
            os.link(path, target / path.name)
