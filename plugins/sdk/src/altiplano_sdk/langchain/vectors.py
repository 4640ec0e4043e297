"""LangChain's embeddings and vector stores as embedders and indexes."""

from __future__ import annotations

import json
import math
import os
import sys
from array import array
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import Literal

from langchain_core.embeddings import Embeddings
from langchain_core.vectorstores import VectorStore

from altiplano_sdk import (
    Context,
    Embedder,
    Index,
    IndexBatch,
    IndexHit,
    IndexQuery,
    OpenIndex,
    PermanentError,
    VectorBatch,
)
from altiplano_sdk.langchain.making import MadePlugin, NoSettings, Settings, finish_class


def embedder_plugin(
    make: Callable[[Settings], Embeddings],
    config: type[Settings] = NoSettings,  # type: ignore[assignment]  # the default of a TypeVar
    *,
    model_id: str,
    dimension: int,
) -> type[Embedder]:
    """An embedder that asks ``make(config)``, with its vectors brought to unit length.

    ``model_id`` must change whenever vectors stop being comparable. Vectors of another length,
    or without a direction, raise PermanentError (``bad_vector``).
    """
    name, length = model_id, dimension

    class MadeEmbedder(MadePlugin[Settings], Embedder):
        model_id = name
        dimension = length

        def __init__(self, config: Settings) -> None:
            super().__init__(config)
            self._embeddings = make(config)

        async def embed_passages(self, texts: Sequence[str], ctx: Context) -> VectorBatch:
            return batch_of(await self._embeddings.aembed_documents(list(texts)), length)

        async def embed_query(self, text: str, ctx: Context) -> VectorBatch:
            return batch_of([await self._embeddings.aembed_query(text)], length)

    finish_class(MadeEmbedder, config, "LangChainEmbedder")
    return MadeEmbedder


def batch_of(vectors: Sequence[Sequence[float]], dimension: int) -> VectorBatch:
    """The vectors at unit length. Raises PermanentError for one that has none."""
    values = array("f")
    for vector in vectors:
        norm = math.sqrt(math.fsum(value * value for value in vector))
        if len(vector) != dimension or not math.isfinite(norm) or norm == 0:
            raise PermanentError("The embedding model returned a bad vector.", code="bad_vector")
        values.extend(value / norm for value in vector)
    return VectorBatch(dimension, len(vectors), _little_endian(values))


def rows_of(batch: VectorBatch) -> list[list[float]]:
    """The batch as lists of floats, one per vector."""
    values = array("f")
    values.frombytes(batch.data)
    flat = array("f")
    flat.frombytes(_little_endian(values))
    step = batch.dimension
    return [list(flat[i * step : (i + 1) * step]) for i in range(batch.count)]


def _little_endian(values: array[float]) -> bytes:
    if sys.byteorder == "big":
        values = array("f", values)
        values.byteswap()
    return values.tobytes()


class _GivenVectors(Embeddings):
    """An embedding that knows its answers beforehand: the vectors are given, not computed."""

    def __init__(self) -> None:
        self._passages: dict[str, list[float]] = {}
        self._query: ContextVar[list[float]] = ContextVar("query_vector")

    @contextmanager
    def passages(self, texts: Sequence[str], vectors: Sequence[list[float]]) -> Iterator[None]:
        self._passages = dict(zip(texts, vectors, strict=True))
        try:
            yield
        finally:
            self._passages = {}

    @contextmanager
    def query(self, vector: list[float]) -> Iterator[None]:
        token = self._query.set(vector)
        try:
            yield
        finally:
            self._query.reset(token)

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        return [self._passages[text] for text in texts]

    def embed_query(self, text: str) -> list[float]:
        return self._query.get()


def index_plugin(
    make: Callable[[Settings, Embeddings], VectorStore],
    config: type[Settings] = NoSettings,  # type: ignore[assignment]  # the default of a TypeVar
    *,
    higher_is_better: bool = True,
) -> type[Index]:
    """A dense index that searches in ``make(config, embeddings)``.

    Directories hold what was added as it was given; opening one fills the vector store. The
    ``embeddings`` handed to ``make`` return the platform's own vectors and must be the store's.
    ``higher_is_better`` is false for stores whose scores are distances.
    """
    sign = 1.0 if higher_is_better else -1.0

    class MadeIndex(MadePlugin[Settings], Index):
        signal: Literal["dense", "lexical"] = "dense"

        def extend(self, previous: Path | None, target: Path, batch: IndexBatch) -> None:
            target.mkdir(parents=True, exist_ok=True)
            known = _read_entries(previous) if previous is not None else {}
            rows = _checked_rows(batch, known)
            number = 0
            if previous is not None:
                for path in sorted(previous.glob("*.json")):
                    os.link(path, target / path.name)
                    number += 1
            _write_entries(
                target / f"{number:08d}.json",
                dict(zip(map(str, batch.ids), rows, strict=True)),
            )

        def compact(self, previous: Path, target: Path, removed: frozenset[int]) -> None:
            target.mkdir(parents=True, exist_ok=True)
            kept = {
                chunk_id: vector
                for chunk_id, vector in _read_entries(previous).items()
                if int(chunk_id) not in removed
            }
            _write_entries(target / f"{0:08d}.json", kept)

        def open(self, directory: Path) -> OpenIndex:
            given = _GivenVectors()
            store = make(self.config, given)
            entries = _read_entries(directory)
            if entries:
                # Texts only have to tell the entries apart: the vectors are already there.
                with given.passages(list(entries), list(entries.values())):
                    store.add_texts(list(entries), ids=list(entries))
            return _OpenVectorStore(store, given, len(entries), sign)

    finish_class(MadeIndex, config, "LangChainIndex")
    return MadeIndex


class _OpenVectorStore:
    def __init__(self, store: VectorStore, given: _GivenVectors, count: int, sign: float) -> None:
        self._store = store
        self._given = given
        self._count = count
        self._sign = sign

    @property
    def count(self) -> int:
        return self._count

    def search(self, query: IndexQuery) -> tuple[IndexHit, ...]:
        if query.vector is None or not self._count:
            return ()
        vector = rows_of(query.vector)[0]
        if not _has_direction(vector):
            return ()
        wanted = min(self._count, query.k + len(query.excluded))
        with self._given.query(vector):
            found = self._store.similarity_search_with_score(query.text, k=wanted)
        hits = (
            IndexHit(int(document.page_content), self._sign * float(score))
            for document, score in found
            if math.isfinite(score)
        )
        kept = [hit for hit in hits if hit.chunk_id not in query.excluded]
        return tuple(sorted(kept, key=lambda hit: (-hit.score, hit.chunk_id))[: query.k])

    def close(self) -> None:
        """The store goes with its last reference."""


def _checked_rows(batch: IndexBatch, known: Mapping[str, Sequence[float]]) -> list[list[float]]:
    """The vectors of a batch that may be added. Raises PermanentError for any other."""
    ids = [str(chunk_id) for chunk_id in batch.ids]
    if (
        min(batch.ids, default=1) < 1
        or len(set(ids)) != len(ids)
        or not known.keys().isdisjoint(ids)
    ):
        raise PermanentError("The ids of chunks must be positive and new.", code="bad_ids")
    dimension = len(next(iter(known.values()), ())) or batch.vectors.dimension
    rows = rows_of(batch.vectors)
    if batch.vectors.dimension != dimension or not all(map(_has_direction, rows)):
        raise PermanentError("A vector does not fit this index.", code="bad_vector")
    return rows


def _has_direction(vector: Sequence[float]) -> bool:
    return all(map(math.isfinite, vector)) and any(vector)


def _write_entries(path: Path, entries: dict[str, list[float]]) -> None:
    with path.open("w", encoding="utf-8") as file:
        json.dump(entries, file)
        file.flush()
        os.fsync(file.fileno())


def _read_entries(directory: Path) -> dict[str, list[float]]:
    entries: dict[str, list[float]] = {}
    for path in sorted(directory.glob("*.json")):
        entries.update(json.loads(path.read_text(encoding="utf-8")))
    return entries
