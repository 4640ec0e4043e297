"""Extending and compacting a directory of segments."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

import altiplano_sdk as sdk
from altiplano_plugins.index_faiss.segments import (
    Ids,
    SegmentFiles,
    Vectors,
    link_segment,
    list_segments,
    map_vectors,
    read_ids,
    read_shape,
    segment_files,
    write_vectors,
)

MERGE_AT = 8
"""This many flat segments of one size class become one. A vector is thus copied about once for
every factor of eight that its collection grows."""

_LARGEST_MERGE = 65_536
"""Rows that one extend copies at most; bigger segments wait for the compaction."""

_UNIT_TOLERANCE = 1e-2


class IndexBatchError(sdk.PermanentError):
    """The batch holds something that must not enter an index."""

    code = "index_batch"


@dataclass(frozen=True, slots=True)
class _Known:
    """A segment of the previous directory with the facts that decide its fate."""

    files: SegmentFiles
    count: int
    is_quantized: bool


def extend_segments(previous: Path | None, target: Path, batch: sdk.IndexBatch) -> None:
    """``target`` holds the segments of ``previous`` and one more with ``batch``.

    Flat segments of the largest crowded size class are merged on the way.
    """
    known = _known_segments(previous)
    ids, vectors = _checked_batch(batch, known)
    crowd = _crowded([segment for segment in known if not segment.is_quantized], len(ids))
    for segment in known:
        if segment not in crowd:
            link_segment(segment.files, target)
    number = 1 + max((segment.files.number for segment in known), default=0)
    parts = [_rows_of(segment.files) for segment in crowd]
    write_vectors(
        segment_files(target, number).vectors, batch.vectors.dimension, [*parts, (ids, vectors)]
    )


def compact_segments(
    previous: Path, target: Path, removed: frozenset[int], *, flat_limit: int
) -> None:
    """``target`` holds ``previous`` without ``removed``.

    A quantized segment that loses nothing and outweighs everything to be rewritten is linked:
    a collection of n vectors keeps at most log2(n) segments and is not rebuilt for every few.
    """
    known = _known_segments(previous)
    gone = np.fromiter(removed, dtype=np.int64, count=len(removed))
    rewritten = list(known)
    for segment in sorted(known, key=lambda segment: -segment.count):
        others = sum(other.count for other in rewritten if other is not segment)
        if not segment.is_quantized or segment.count < others or _loses(segment, gone):
            continue
        link_segment(segment.files, target)
        rewritten.remove(segment)
    if not rewritten:
        return
    number = 1 + max(segment.files.number for segment in known)
    fresh = segment_files(target, number)
    parts = [_without(_rows_of(segment.files), gone) for segment in rewritten]
    _, dimension = read_shape(rewritten[0].files.vectors)
    count = sum(len(ids) for ids, _ in parts)
    if count == 0:
        return
    write_vectors(fresh.vectors, dimension, parts)
    if count > flat_limit:
        from altiplano_plugins.index_faiss.quantized import write_quantized

        write_quantized(fresh)


def _known_segments(directory: Path | None) -> tuple[_Known, ...]:
    if directory is None:
        return ()
    return tuple(
        _Known(files, read_shape(files.vectors)[0], files.is_quantized)
        for files in list_segments(directory)
    )


def _crowded(flat: Sequence[_Known], new_count: int) -> tuple[_Known, ...]:
    """The flat segments that merge with a new one of ``new_count`` vectors, if any.

    Merging cascades: eight small ones may complete the eight of the next class.
    """
    classes: dict[int, list[_Known]] = defaultdict(list)
    for segment in flat:
        classes[_size_class(segment.count)].append(segment)
    merged: list[_Known] = []
    total = new_count
    while len(peers := classes.pop(_size_class(total), [])) >= MERGE_AT - 1:
        total += sum(peer.count for peer in peers)
        if total > _LARGEST_MERGE:
            break
        merged.extend(peers)
    return tuple(merged)


def _size_class(count: int) -> int:
    """0 for up to 8 vectors, 1 for up to 64, 2 for up to 512, ..."""
    return max(0, (count - 1).bit_length() - 1) // 3


def _rows_of(files: SegmentFiles) -> tuple[Ids, Vectors]:
    return read_ids(files.vectors), map_vectors(files.vectors)


def _loses(segment: _Known, gone: Ids) -> bool:
    return bool(len(gone)) and bool(np.isin(read_ids(segment.files.vectors), gone).any())


def _without(part: tuple[Ids, Vectors], gone: Ids) -> tuple[Ids, Vectors]:
    ids, rows = part
    kept = ~np.isin(ids, gone)
    return part if kept.all() else (ids[kept], rows[kept])


def _checked_batch(batch: sdk.IndexBatch, known: Sequence[_Known]) -> tuple[Ids, Vectors]:
    if batch.vectors.count != len(batch.ids):
        raise IndexBatchError("The batch has not as many vectors as ids.")
    ids = np.array(batch.ids, dtype=np.int64)
    vectors = np.frombuffer(batch.vectors.data, dtype="<f4").reshape(len(ids), -1)
    if (ids <= 0).any() or len(np.unique(ids)) != len(ids):
        raise IndexBatchError("Ids must be positive, and each may come once.")
    for segment in known:
        if read_shape(segment.files.vectors)[1] != batch.vectors.dimension:
            raise IndexBatchError("The vectors have another dimension than the index.")
        if np.isin(ids, read_ids(segment.files.vectors)).any():
            raise IndexBatchError("An id of the batch is in the index already.")
    norms = np.linalg.norm(vectors.astype(np.float64), axis=1)
    if not (np.isfinite(norms) & (np.abs(norms - 1.0) <= _UNIT_TOLERANCE)).all():
        raise IndexBatchError("A vector is not finite or not of unit length.")
    return ids, vectors
