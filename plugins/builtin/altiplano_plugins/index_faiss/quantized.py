"""Building the quantized half of a segment.

Four bits for every four dimensions (product quantization laid out for FAISS's fast scan): about
58 bytes a vector, scanned so fast that half of all clusters can be probed; the order is made
exact afterwards by comparing the best candidates' full vectors. On a million synthetic vectors
of intrinsic dimension 64 this reaches recall@10 0.99 in about 2 ms on one core, where 8-bit
scalars at 395 bytes a vector reach 0.82 in 1.4 ms.
"""

import math
import os

import faiss
import numpy as np

from altiplano_plugins.index_faiss.segments import (
    SegmentFiles,
    Vectors,
    map_vectors,
    row_blocks,
)

_DIMENSIONS_A_CODE = 4
_TRAINING_ROWS_A_CLUSTER = 64
_SEED = 1


def write_quantized(segment: SegmentFiles) -> None:
    """The segment's vectors file has a quantized index beside it, flushed to disk.

    The same vectors give the same clusters: the training sample is drawn with a fixed seed.
    """
    rows = map_vectors(segment.vectors)
    count, dimension = rows.shape
    clusters = clusters_for(count)
    width = padded_dimension(dimension)
    index = faiss.index_factory(
        width,
        f"IVF{clusters},PQ{width // _DIMENSIONS_A_CODE}x4fs",
        faiss.METRIC_INNER_PRODUCT,
    )
    sample_size = min(count, clusters * _TRAINING_ROWS_A_CLUSTER)
    chosen = np.sort(np.random.default_rng(_SEED).choice(count, size=sample_size, replace=False))
    # Training is thousands of tiny parallel steps: with a second busy process on the machine,
    # threads that spin for each other made it thirty times slower (2.3 s became 69 s).
    faiss.omp_set_num_threads(1)
    index.train(pad(rows[chosen]))
    faiss.omp_set_num_threads(os.cpu_count() or 1)
    for block in row_blocks(rows):
        index.add(pad(block))
    faiss.write_index(index, str(segment.quantized))
    with segment.quantized.open("rb+") as file:
        os.fsync(file.fileno())


def clusters_for(count: int) -> int:
    """The power of two nearest to the square root of ``count``, within sensible limits."""
    return int(min(4096, max(16, 2 ** round(math.log2(math.sqrt(max(count, 1)))))))


def padded_dimension(dimension: int) -> int:
    return -(-dimension // _DIMENSIONS_A_CODE) * _DIMENSIONS_A_CODE


def pad(rows: Vectors) -> Vectors:
    """``rows`` with zeros appended so that their width splits into codes evenly."""
    missing = padded_dimension(rows.shape[1]) - rows.shape[1]
    if missing:
        rows = np.pad(rows, ((0, 0), (0, missing)))
    return np.ascontiguousarray(rows, dtype=np.float32)
