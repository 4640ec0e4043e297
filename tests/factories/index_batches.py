"""Batches whose every chunk can be found again by its word and by its vector."""

from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np

import altiplano_sdk as sdk
from altiplano_plugins.index_faiss import FaissConfig, FaissIndex
from altiplano_plugins.index_tantivy import TantivyConfig, TantivyIndex
from altiplano_worker.runtime.index_store import IndexStore

DIMENSION = 16


def vector_of(chunk_id: int) -> np.ndarray:
    """The chunk's own direction, the same in every process."""
    vector = np.random.default_rng(chunk_id).standard_normal(DIMENSION).astype(np.float32)
    return vector / np.linalg.norm(vector)


def make_batch(ids: Iterable[int]) -> sdk.IndexBatch:
    chosen = tuple(ids)
    rows = [vector_of(chunk_id) for chunk_id in chosen]
    return sdk.IndexBatch(
        ids=chosen,
        texts=tuple(f"page about word{chunk_id}" for chunk_id in chosen),
        languages=("en",) * len(chosen),
        vectors=sdk.VectorBatch(DIMENSION, len(chosen), b"".join(row.tobytes() for row in rows)),
    )


def dense_query(chunk_id: int, k: int = 3) -> sdk.IndexQuery:
    return sdk.IndexQuery("", sdk.VectorBatch(DIMENSION, 1, vector_of(chunk_id).tobytes()), k)


def lexical_query(chunk_id: int, k: int = 3) -> sdk.IndexQuery:
    return sdk.IndexQuery(f"word{chunk_id}", None, k)


def real_engines() -> Mapping[str, sdk.Index]:
    return {"faiss": FaissIndex(FaissConfig()), "tantivy": TantivyIndex(TantivyConfig())}


def make_store(directory: Path, **changes) -> IndexStore:
    settings = {
        "owner": "school/garden",
        "engines": real_engines(),
        "model_id": "test/1",
        "dimension": DIMENSION,
        **changes,
    }
    return IndexStore(directory, **settings)


def assert_holds(store: IndexStore, ids: Iterable[int]) -> None:
    """Exactly ``ids`` are in the store, in its list and found by both engines."""
    expected = frozenset(ids)
    assert store.ids() == expected
    with store.open() as reader:
        assert reader.count == len(expected)
        for chunk_id in expected:
            assert reader.search("dense", dense_query(chunk_id))[0].chunk_id == chunk_id
            assert [hit.chunk_id for hit in reader.search("lexical", lexical_query(chunk_id))] == [
                chunk_id
            ]
