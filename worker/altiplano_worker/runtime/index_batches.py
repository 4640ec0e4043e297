"""The rules a batch must keep before any index plugin sees it."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

import altiplano_sdk as sdk
from altiplano_worker.runtime.index_errors import IndexBatchError

_LARGEST_ID = 2**63 - 1
_UNIT_TOLERANCE = 1e-2


def check_batch(batch: sdk.IndexBatch, *, dimension: int) -> None:
    """Raises IndexBatchError, naming the rule, when the batch must not enter an index."""
    count = len(batch.ids)
    if not count == len(batch.texts) == len(batch.languages) == batch.vectors.count:
        raise IndexBatchError("The batch has not as many texts, languages or vectors as ids.")
    if len(set(batch.ids)) != count:
        raise IndexBatchError("A chunk comes twice in one batch.")
    if not all(0 < chunk_id <= _LARGEST_ID for chunk_id in batch.ids):
        raise IndexBatchError("A chunk's id is not a positive 63-bit number.")
    if batch.vectors.dimension != dimension:
        raise IndexBatchError(
            f"The vectors have {batch.vectors.dimension} dimensions, the collection {dimension}."
        )
    norms = np.linalg.norm(_rows(batch.vectors).astype(np.float64), axis=1)
    if not (np.isfinite(norms) & (np.abs(norms - 1.0) <= _UNIT_TOLERANCE)).all():
        raise IndexBatchError("A vector is zero, not finite or not of unit length.")


def select_rows(batch: sdk.IndexBatch, rows: Sequence[int]) -> sdk.IndexBatch:
    """The batch with only these rows, in their order."""
    if len(rows) == len(batch.ids):
        return batch
    vectors = _rows(batch.vectors)[list(rows)]
    return sdk.IndexBatch(
        ids=tuple(batch.ids[row] for row in rows),
        texts=tuple(batch.texts[row] for row in rows),
        languages=tuple(batch.languages[row] for row in rows),
        vectors=sdk.VectorBatch(batch.vectors.dimension, len(rows), vectors.tobytes()),
    )


def _rows(vectors: sdk.VectorBatch) -> NDArray[np.float32]:
    rows = np.frombuffer(vectors.data, dtype="<f4")
    return rows.reshape(vectors.count, vectors.dimension)
