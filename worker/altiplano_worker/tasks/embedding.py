"""One call of an embedder for some chunks, checked before anything of it is kept."""

from collections.abc import Callable, Sequence
from concurrent.futures import Future

import altiplano_sdk as sdk
from altiplano.knowledge.index_contents import PendingChunk
from altiplano_worker.runtime.budgets import PluginFailedError
from altiplano_worker.runtime.index_batches import check_batch
from altiplano_worker.runtime.loop import process_loop
from altiplano_worker.tasks.collection_plugins import PackagedEmbedder
from altiplano_worker.tasks.stores import ReadyEmbedder

Wait = Callable[[Future[sdk.VectorBatch]], sdk.VectorBatch]
"""Waits for a call, and keeps the job's lease meanwhile."""


def embed_chunks(
    embedder: ReadyEmbedder, chunks: Sequence[PendingChunk], *, wait: Wait
) -> list[bytes]:
    """A vector for each chunk, in their order.

    What is too much for one call of a plugin from outside is tried in halves. Raises PermanentError
    when the embedder cannot take the texts, and what else its contract allows.
    """
    texts = tuple(chunk.text for chunk in chunks)
    if isinstance(embedder.plugin, PackagedEmbedder):
        embedder.plugin.hold()
    try:
        vectors = wait(process_loop.submit(_embed(embedder, texts)))
    except sdk.BudgetExceededError as error:
        if len(chunks) == 1:
            raise sdk.PermanentError(error.message, code=error.code) from error
        half = len(chunks) // 2
        return [
            *embed_chunks(embedder, chunks[:half], wait=wait),
            *embed_chunks(embedder, chunks[half:], wait=wait),
        ]
    except PluginFailedError as error:
        raise sdk.PermanentError(error.message, code=error.code) from error
    check_batch(
        sdk.IndexBatch(
            ids=tuple(chunk.id for chunk in chunks),
            texts=texts,
            languages=tuple(chunk.language for chunk in chunks),
            vectors=vectors,
        ),
        dimension=embedder.dimension,
    )
    width = vectors.dimension * 4
    return [vectors.data[at : at + width] for at in range(0, len(vectors.data), width)]


async def _embed(embedder: ReadyEmbedder, texts: Sequence[str]) -> sdk.VectorBatch:
    return await embedder.plugin.embed_passages(texts, embedder.context)
