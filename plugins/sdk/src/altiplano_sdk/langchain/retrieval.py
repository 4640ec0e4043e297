"""LangChain's retrievers and document compressors as retrievers and rerankers."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from langchain_core.documents import BaseDocumentCompressor, Document
from langchain_core.retrievers import BaseRetriever

from altiplano_sdk import Context, Passage, PermanentError, Query, Reranker, Retriever
from altiplano_sdk.langchain.granted import CHUNK_ID, GrantedRetriever, document_of
from altiplano_sdk.langchain.making import MadePlugin, NoSettings, Settings, finish_class


def retriever_plugin(
    make: Callable[[Settings, GrantedRetriever], BaseRetriever],
    config: type[Settings] = NoSettings,  # type: ignore[assignment]  # the default of a TypeVar
    *,
    k: int = 8,
) -> type[Retriever]:
    """A retriever that asks ``make(config, search)``.

    ``search`` is a LangChain retriever over the app's own collections (the plugin needs the
    ``index_use`` grant): what comes back from elsewhere has no place in a document, cannot be
    cited and raises PermanentError (``foreign_document``). At most ``k`` passages come back.
    """

    class MadeRetriever(MadePlugin[Settings], Retriever):
        async def retrieve(self, query: Query, ctx: Context) -> tuple[Passage, ...]:
            search = GrantedRetriever(ctx, k=k)
            documents = await make(self.config, search).ainvoke(query.text)
            return restore_passages(documents, search.seen)[:k]

    finish_class(MadeRetriever, config, "LangChainRetriever")
    return MadeRetriever


def compressor_plugin(
    make: Callable[[Settings], BaseDocumentCompressor],
    config: type[Settings] = NoSettings,  # type: ignore[assignment]  # the default of a TypeVar
) -> type[Reranker]:
    """A reranker that keeps and orders what ``make(config)`` keeps, whole.

    A compressor that shortens texts chooses passages here; their texts stay as they are in the
    documents. Its ``relevance_score``, where it gives one, becomes the passage's score.
    """

    class MadeReranker(MadePlugin[Settings], Reranker):
        async def rerank(
            self, query: Query, passages: tuple[Passage, ...], ctx: Context
        ) -> tuple[Passage, ...]:
            if not passages:
                return ()
            known = {passage.chunk_id: passage for passage in passages}
            documents = [document_of(passage) for passage in passages]
            kept = await make(self.config).acompress_documents(documents, query.text)
            return restore_passages(kept, known)

    finish_class(MadeReranker, config, "LangChainReranker")
    return MadeReranker


def restore_passages(
    documents: Sequence[Document], known: Mapping[int, Passage]
) -> tuple[Passage, ...]:
    """The passages that the documents stand for, each once, in the documents' order.

    Scores fall from the first to the last: where the documents bring none that do, the ones the
    passages had are put in order.
    """
    restored: dict[int, Passage] = {}
    for document in documents:
        passage = known.get(document.metadata.get(CHUNK_ID, -1))
        if passage is None:
            raise PermanentError(
                "A document came back that is not from the app's collections.",
                code="foreign_document",
            )
        score = document.metadata.get("relevance_score")
        if isinstance(score, int | float) and math.isfinite(score):
            passage = replace(passage, score=float(score))
        restored.setdefault(passage.chunk_id, passage)
    passages = tuple(restored.values())
    scores = [passage.score for passage in passages]
    falling = sorted(scores, reverse=True)
    if scores == falling:
        return passages
    return tuple(
        replace(passage, score=score) for passage, score in zip(passages, falling, strict=True)
    )
