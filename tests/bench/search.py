"""Vector search through an index store, from ten thousand to a million vectors.

The vectors are random points of 64 dimensions, turned into 384 and brought to unit length:
harder than texts, which cluster, and the same on every machine. Embedding is not part of it.
"""

import argparse
import multiprocessing
import os
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

import altiplano_sdk as sdk
from altiplano_worker.runtime.index_reader import IndexReader
from altiplano_worker.runtime.index_store import IndexStore
from altiplano_worker.runtime.loader import installed_plugins
from tests.bench.progress import report

DIMENSION = 384
INTRINSIC = 64
SIZES = (10_000, 100_000, 1_000_000)
_BLOCK = 50_000
_NEIGHBOURS = 10
_NEW_CHUNKS = 8

Vectors = NDArray[np.float32]


def run(arguments: Sequence[str]) -> Mapping[str, Any]:
    """One row of figures per size."""
    options = _parse(arguments)
    return {"sizes": [measure_size(size, options.queries) for size in options.sizes]}


def measure_size(count: int, queries: int) -> dict[str, float]:
    """Recall against exact search, latency of one caller, throughput of one caller per core.

    ``bytes_per_vector`` is what the process holds in memory of its own; pages of mapped files
    belong to the system's cache. ``add_s`` is the time until a document of eight chunks that is
    added to the finished collection is found.
    """
    asked = _points(queries, seed=10**9)
    with tempfile.TemporaryDirectory(prefix="altiplano-bench-") as folder:
        store = _store(Path(folder))
        begun = time.perf_counter()
        store.rebuild(_batches(count))
        build_s = time.perf_counter() - begun
        report(f"{count} vectors: built in {build_s:.1f} s")
        truth = _exact_neighbours(asked, count)
        with store.open() as reader:
            found, seconds = _ask_all(reader, asked)
            qps = _throughput(reader, asked)
        held = _in_a_fresh_process(_memory_of_searching, Path(folder), asked)
        recall = np.mean([len(a & b) / _NEIGHBOURS for a, b in zip(found, truth, strict=True)])
        figures = {
            "vectors": count,
            "recall_at_10": round(float(recall), 4),
            "p50_ms": round(float(np.percentile(seconds, 50)) * 1000, 3),
            "p95_ms": round(float(np.percentile(seconds, 95)) * 1000, 3),
            "qps": round(qps, 1),
            "bytes_per_vector": round(held / count, 1),
            "build_s": round(build_s, 1),
            "add_s": round(_add_one_document(store, count), 3),
        }
        store.close()
    report(str(figures))
    return figures


def _ask_all(reader: IndexReader, asked: Vectors) -> tuple[list[set[int]], list[float]]:
    found, seconds = [], []
    for vector in asked[:10]:
        reader.search("dense", _query(vector))
    for vector in asked:
        begun = time.perf_counter()
        hits = reader.search("dense", _query(vector))
        seconds.append(time.perf_counter() - begun)
        found.append({hit.chunk_id for hit in hits})
    return found, seconds


def _throughput(reader: IndexReader, asked: Vectors) -> float:
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        begun = time.perf_counter()
        list(pool.map(lambda vector: reader.search("dense", _query(vector)), asked))
        return len(asked) / (time.perf_counter() - begun)


def _add_one_document(store: IndexStore, count: int) -> float:
    vectors = _points(_NEW_CHUNKS, seed=2 * 10**9)
    begun = time.perf_counter()
    store.add(_batch(vectors, first_id=count + 1))
    with store.open() as reader:
        best = reader.search("dense", _query(vectors[0]))[0].chunk_id
    seconds = time.perf_counter() - begun
    if best != count + 1:
        raise RuntimeError("the added document was not found")
    return seconds


def _store(directory: Path) -> IndexStore:
    engine = installed_plugins().create(sdk.StageKind.INDEX, "faiss", {})
    return IndexStore(
        directory,
        owner="benchmark",
        engines={"faiss": engine},
        model_id="synthetic",
        dimension=DIMENSION,
    )


def _batches(count: int) -> Iterator[sdk.IndexBatch]:
    for start, vectors in _blocks(count):
        yield _batch(vectors, first_id=start + 1)


def _batch(vectors: Vectors, *, first_id: int) -> sdk.IndexBatch:
    count = len(vectors)
    return sdk.IndexBatch(
        ids=tuple(range(first_id, first_id + count)),
        texts=("",) * count,
        languages=("en",) * count,
        vectors=sdk.VectorBatch(DIMENSION, count, vectors.tobytes()),
    )


def _query(vector: Vectors) -> sdk.IndexQuery:
    return sdk.IndexQuery("", sdk.VectorBatch(DIMENSION, 1, vector.tobytes()), _NEIGHBOURS)


def _exact_neighbours(asked: Vectors, count: int) -> list[set[int]]:
    best = np.full((len(asked), _NEIGHBOURS), -np.inf, dtype=np.float32)
    ids = np.zeros((len(asked), _NEIGHBOURS), dtype=np.int64)
    for start, vectors in _blocks(count):
        scores = np.hstack([best, asked @ vectors.T])
        numbers = np.hstack([ids, np.tile(np.arange(len(vectors)) + start + 1, (len(asked), 1))])
        top = np.argpartition(-scores, _NEIGHBOURS, axis=1)[:, :_NEIGHBOURS]
        best = np.take_along_axis(scores, top, axis=1)
        ids = np.take_along_axis(numbers, top, axis=1)
    return [set(row.tolist()) for row in ids]


def _blocks(count: int) -> Iterator[tuple[int, Vectors]]:
    """The collection block by block, the same at every call: it is never held as a whole."""
    for start in range(0, count, _BLOCK):
        yield start, _points(min(_BLOCK, count - start), seed=start)


def _points(count: int, *, seed: int) -> Vectors:
    turn = np.random.default_rng(7).standard_normal((INTRINSIC, DIMENSION)).astype(np.float32)
    points = np.random.default_rng([11, seed]).standard_normal((count, INTRINSIC))
    vectors = points.astype(np.float32) @ turn
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def _in_a_fresh_process(measure: Callable[..., int], *arguments: Any) -> int:
    """Memory that this process freed earlier would be used again and hide what is needed."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(measure, arguments)


def _memory_of_searching(directory: Path, asked: Vectors) -> int:
    """What opening the store and asking it everything adds to the process's own memory."""
    with tempfile.TemporaryDirectory(prefix="altiplano-bench-") as folder:
        small = _store(Path(folder))
        small.add(_batch(asked, first_id=1))
        with small.open() as reader:
            _ask_all(reader, asked)  # loads the libraries, which do not count
        small.close()
    before = _own_memory()
    with _store(directory).open() as reader:
        _ask_all(reader, asked)
        return _own_memory() - before


def _own_memory() -> int:
    """Bytes of memory that only this process holds, mapped files left out; Linux only."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    (line,) = (line for line in status.splitlines() if line.startswith("RssAnon:"))
    return int(line.split()[1]) * 1024


def _parse(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.bench search")
    parser.add_argument("--sizes", nargs="+", type=int, default=SIZES)
    parser.add_argument("--queries", type=int, default=500)
    return parser.parse_args(arguments)
