"""Embedder, index, retriever, reranker, query: where the passage that answers is in the ranking."""

import asyncio
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from altiplano_sdk.contracts.retrieval import IndexBatch, IndexQuery, Passage, VectorBatch
from altiplano_sdk.errors import PluginError
from altiplano_sdk.testing.effect.shares import each, effect, mean, share
from altiplano_sdk.testing.embedder_suite import EmbedderSuite, rows
from altiplano_sdk.testing.index_suite import IndexSuite
from altiplano_sdk.testing.query_suite import QuerySuite
from altiplano_sdk.testing.reference import ReferenceExample, ranked, reference_set
from altiplano_sdk.testing.report import Effect
from altiplano_sdk.testing.reranker_suite import RerankerSuite
from altiplano_sdk.testing.retriever_suite import RetrieverSuite
from altiplano_sdk.testing.wording import DIMENSION, cosine, embed_text, rank_by_words

CANDIDATES: Final = 10
FIRST: Final = "right passage first"


def effect_of_embedder(suite: EmbedderSuite) -> Mapping[str, Effect]:
    """How often the passage that answers is nearest, beside a search by words."""
    data = reference_set()
    plugin, ctx = suite.make_plugin(), suite.make_context()

    async def embed() -> tuple[list[tuple[float, ...]], list[tuple[float, ...]]]:
        held = await plugin.embed_passages([passage.text for passage in data.passages], ctx)
        asked = [await plugin.embed_query(one.question, ctx) for one in data.examples]
        return rows(held), [rows(batch)[0] for batch in asked]

    held, asked = asyncio.run(embed())
    nearest = [
        data.passages[max(range(len(held)), key=lambda at: cosine(question, held[at]))]
        for question in asked
    ]
    found = share(n == one.passage for n, one in zip(nearest, data.examples, strict=True))
    return {FIRST: effect(_found_by_words(1), found)}


def effect_of_index(suite: IndexSuite) -> Mapping[str, Effect]:
    """How often the passage that answers comes first, beside an exact search by words."""
    data = reference_set()
    plugin = suite.make_plugin()
    batch = IndexBatch(
        ids=tuple(passage.chunk_id for passage in data.passages),
        texts=tuple(passage.text for passage in data.passages),
        languages=tuple(passage.language for passage in data.passages),
        vectors=_vectors([passage.text for passage in data.passages]),
    )
    with TemporaryDirectory() as directory:
        plugin.extend(None, Path(directory), batch)
        opened = plugin.open(Path(directory))
        hits = [
            opened.search(IndexQuery(one.question, _vectors([one.question]), 1))
            for one in data.examples
        ]
        opened.close()
    right = share(
        bool(found) and found[0].chunk_id == one.passage.chunk_id
        for found, one in zip(hits, data.examples, strict=True)
    )
    return {FIRST: effect(_found_by_words(1), right)}


def effect_of_retriever(suite: RetrieverSuite) -> Mapping[str, Effect]:
    """How often the passage that answers comes first, beside a search by words."""
    plugin = suite.make_plugin()

    async def retrieve(example: ReferenceExample) -> Sequence[Passage]:
        found: Sequence[Passage] = await plugin.retrieve(example.query, suite.make_context())
        return found

    return {FIRST: effect(_found_by_words(1), _found(_each_example(retrieve), 1))}


def effect_of_reranker(suite: RerankerSuite) -> Mapping[str, Effect]:
    """nDCG@10 of the reranked ten that a search by words found, and of that search itself."""
    plugin = suite.make_plugin()

    async def rerank(example: ReferenceExample) -> Sequence[Passage]:
        given = ranked(tuple(_by_words(example.question)))
        kept: Sequence[Passage] = await plugin.rerank(example.query, given, suite.make_context())
        return kept

    before = [_by_words(example.question) for example in reference_set().examples]
    return {"nDCG@10": effect(_ndcg(before), _ndcg(_each_example(rerank)))}


def effect_of_query(suite: QuerySuite) -> Mapping[str, Effect]:
    """How often a search by words for all wordings finds the passage that answers first."""
    plugin = suite.make_plugin()

    async def search(example: ReferenceExample) -> Sequence[Passage]:
        query = await plugin.rewrite(example.query, suite.make_context())
        return _by_words(" ".join((query.text, *query.variants)))

    return {FIRST: effect(_found_by_words(1), _found(_each_example(search), 1))}


def _each_example(call: Any) -> list[Sequence[Passage]]:
    """A ranking for each question; an empty one where the plugin refused."""

    async def ranking(example: ReferenceExample) -> Sequence[Passage]:
        try:
            found: Sequence[Passage] = await call(example)
        except PluginError:
            return ()
        return found

    return each(reference_set().examples, ranking)


def _by_words(question: str) -> list[Passage]:
    return [p for p, _ in rank_by_words(question, reference_set().passages)[:CANDIDATES]]


def _found_by_words(first: int) -> float:
    return _found([_by_words(one.question) for one in reference_set().examples], first)


def _found(rankings: Sequence[Sequence[Passage]], first: int) -> float:
    right = (example.passage.chunk_id for example in reference_set().examples)
    return share(
        answer in [passage.chunk_id for passage in ranking[:first]]
        for ranking, answer in zip(rankings, right, strict=True)
    )


def _ndcg(rankings: Sequence[Sequence[Passage]]) -> float:
    """With one right passage a question, the gain is 1 / log2(1 + its rank)."""
    gains = []
    for ranking, example in zip(rankings, reference_set().examples, strict=True):
        ids = [passage.chunk_id for passage in ranking[:CANDIDATES]]
        answer = example.passage.chunk_id
        gains.append(1 / math.log2(2 + ids.index(answer)) if answer in ids else 0.0)
    return mean(gains)


def _vectors(texts: Sequence[str]) -> VectorBatch:
    return VectorBatch(DIMENSION, len(texts), b"".join(map(embed_text, texts)))
