"""Searching loaded segments. Everything here is read-only and safe for many threads."""

import mmap
from typing import Any, Protocol

import faiss
import numpy as np
from numpy.typing import NDArray

import altiplano_sdk as sdk
from altiplano_plugins.index_faiss.quantized import pad
from altiplano_plugins.index_faiss.segments import (
    Ids,
    SegmentFiles,
    Vectors,
    map_vectors,
    read_ids,
)

Scores = NDArray[np.float32]

_FAISS: Any = faiss
"""The library without its stubs, which know neither keyword arguments nor index subclasses."""
Found = tuple[Ids, Scores]


class OpenSegment(Protocol):
    is_quantized: bool
    count: int
    dimension: int

    def search(self, vector: Vectors, k: int, excluded: Ids) -> Found: ...


def open_segment(segment: SegmentFiles, *, probe_share: float, candidates: int) -> OpenSegment:
    """The segment, loaded. Quantized ones keep their full vectors on disk."""
    if segment.is_quantized:
        return QuantizedSegment(segment, probe_share=probe_share, candidates=candidates)
    return FlatSegment(segment)


class FlatSegment:
    """Exact search over vectors held in memory."""

    is_quantized = False

    def __init__(self, segment: SegmentFiles) -> None:
        rows = map_vectors(segment.vectors)
        self.count, self.dimension = rows.shape
        self._index = faiss.IndexIDMap2(faiss.IndexFlatIP(self.dimension))
        self._index.add_with_ids(np.ascontiguousarray(rows), read_ids(segment.vectors))

    def search(self, vector: Vectors, k: int, excluded: Ids) -> Found:
        params = None
        if len(excluded):
            unwanted = faiss.IDSelectorBatch(excluded)
            params = _FAISS.SearchParameters(sel=faiss.IDSelectorNot(unwanted))
        scores, ids = self._index.search(vector, min(k, self.count), params=params)
        return _real(ids[0], scores[0])


class QuantizedSegment:
    """Quantized search for candidates, then their exact scores from the vectors on disk."""

    is_quantized = True

    def __init__(self, segment: SegmentFiles, *, probe_share: float, candidates: int) -> None:
        self._rows = map_vectors(segment.vectors)
        self._read_only_what_is_asked()
        self.count, self.dimension = self._rows.shape
        self._ids = read_ids(segment.vectors)
        self._index = _FAISS.read_index(str(segment.quantized))
        if self._index.ntotal != self.count:
            raise sdk.PermanentError(
                "The two files of a vector segment do not belong together.", code="index_corrupt"
            )
        self._probes = max(1, round(self._index.nlist * probe_share))
        self._candidates = candidates

    def search(self, vector: Vectors, k: int, excluded: Ids) -> Found:
        wanted, probes = max(self._candidates, 10 * k), self._probes
        enough = wanted // 2
        while True:
            wanted = min(wanted, self.count)
            rows = self._candidate_rows(vector, wanted, probes)
            kept = rows[~np.isin(self._ids[rows], excluded)] if len(excluded) else rows
            everything = wanted == self.count and probes == self._index.nlist
            if len(kept) >= enough or everything:
                break
            # Exclusions ate the candidates: look at more, in the end at all of them.
            wanted, probes = wanted * 4, min(probes * 4, self._index.nlist)
        kept.sort()  # in file order, which is kinder to the disk
        scores = np.asarray(self._rows[kept] @ vector[0], dtype=np.float32)
        return _best(self._ids[kept], scores, k)

    def _candidate_rows(self, vector: Vectors, wanted: int, probes: int) -> Ids:
        params = _FAISS.SearchParametersIVF(nprobe=probes)
        _, rows = self._index.search(pad(vector), wanted, params=params)
        found: Ids = rows[0][rows[0] >= 0]
        return found

    def _read_only_what_is_asked(self) -> None:
        mapped = getattr(self._rows, "_mmap", None)
        if mapped is not None and hasattr(mmap, "MADV_RANDOM"):
            mapped.madvise(mmap.MADV_RANDOM)


class OpenFaissIndex:
    """One generation's segments, searched one by one and merged."""

    def __init__(self, segments: tuple[OpenSegment, ...]) -> None:
        if len({segment.dimension for segment in segments}) > 1:
            raise sdk.PermanentError(
                "The vector segments have different dimensions.", code="index_corrupt"
            )
        self._segments = segments

    @property
    def count(self) -> int:
        return sum(segment.count for segment in self._segments)

    def search(self, query: sdk.IndexQuery) -> tuple[sdk.IndexHit, ...]:
        """Best first; ties by id, so the answer does not depend on how segments are cut.

        A query vector that is not finite or is zero is like nothing and finds nothing.
        """
        if query.vector is None or query.vector.count == 0 or query.k < 1 or not self._segments:
            return ()
        if query.vector.dimension != self._segments[0].dimension:
            raise sdk.PermanentError(
                "The question was embedded by another model than the documents.",
                code="index_model_mismatch",
            )
        vector = np.frombuffer(query.vector.data, dtype="<f4")[: query.vector.dimension]
        vector = vector.reshape(1, -1)
        if not np.isfinite(vector).all() or not vector.any():
            return ()
        # One core a query: the worker runs many queries at once, and teams of threads that
        # wait for each other cost more than they bring.
        faiss.omp_set_num_threads(1)
        excluded = np.fromiter(query.excluded, dtype=np.int64, count=len(query.excluded))
        found = [segment.search(vector, query.k, excluded) for segment in self._segments]
        ids, scores = _best(
            np.concatenate([ids for ids, _ in found]),
            np.concatenate([scores for _, scores in found]),
            query.k,
        )
        return tuple(
            sdk.IndexHit(chunk_id=int(id_), score=float(score))
            for id_, score in zip(ids, scores, strict=True)
        )

    def close(self) -> None:
        """Let go of the segments; those that no other generation shares are freed."""
        self._segments = ()


def _real(ids: Ids, scores: Scores) -> Found:
    """Without the -1 with which FAISS pads short results."""
    kept = ids >= 0
    return ids[kept], scores[kept]


def _best(ids: Ids, scores: Scores, k: int) -> Found:
    order = np.lexsort((ids, -scores))[:k]
    return ids[order], scores[order]
