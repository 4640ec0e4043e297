"""Another embedder takes over: it embeds every passage while the present one answers."""

import time
from collections.abc import Iterator, Sequence
from typing import Any, Final

import structlog

import altiplano_sdk as sdk
from altiplano.kernel.jobs import JobClaim, has_rivals
from altiplano.knowledge import index_contents
from altiplano.knowledge.domain import indexing, succession
from altiplano.knowledge.index_contents import PendingChunk
from altiplano.knowledge.models import Collection
from altiplano.knowledge.reading import next_embedder_step
from altiplano_worker.runtime.budgets import PluginFailedError
from altiplano_worker.runtime.crash_points import crash_point
from altiplano_worker.tasks.embedding import embed_chunks
from altiplano_worker.tasks.leases import LeaseWatch
from altiplano_worker.tasks.stores import ReadyEmbedder, open_stores, opened_embedder

log = structlog.get_logger(__name__)

CALL: Final = 64
BATCH: Final = 2048
RIVAL_SECONDS: Final = 20.0
TURN_SECONDS: Final = 600.0


class Succession:
    """One turn at a collection whose next embedder is to take over. Used once, by one thread.

    ``claim`` is the job's claim, with what progress did to it.
    """

    def __init__(self, claim: JobClaim, collection: Collection) -> None:
        self.claim = claim
        self._collection = collection
        self._told: dict[str, Any] = collection.next_embedder
        self._change: str = self._told["id"]
        self._watch = LeaseWatch(claim)
        self._started = time.monotonic()
        self._written: list[int] = []

    def run(self) -> None:
        """The next embedder answers; or a new job goes on; or the collection says what is wrong.

        Raises LostClaimError.
        """
        try:
            embedder = self._opened()
            if embedder is not None and self._embed_all(embedder):
                self._take_over(embedder)
        except (sdk.PermanentError, sdk.BudgetExceededError, PluginFailedError) as error:
            log.warning("embedder.refused", collection=str(self._collection.id), code=error.code)
            succession.stop_succession(self.claim, change_id=self._change, problem=error.message)
        except (sdk.RetryableError, sdk.EngineError) as error:
            succession.retry_succession(self.claim, change_id=self._change, problem=error.message)
        else:
            indexing.yield_indexing(self.claim)

    def _opened(self) -> ReadyEmbedder | None:
        """The next embedder; None when somebody has decided otherwise."""
        step = next_embedder_step(self._collection)
        if step is None:
            return None
        embedder = opened_embedder(
            self._collection.organization_id, step, wait=self._watch.wait_for
        )
        is_wanted = succession.note_next_model(
            self.claim,
            change_id=self._change,
            model=embedder.model_id,
            dimension=embedder.dimension,
        )
        return embedder if is_wanted else None

    def _embed_all(self, embedder: ReadyEmbedder) -> bool:
        """False when something else goes first: a document that arrived, or another collection."""
        while chunks := succession.chunks_without_next(self._collection.id, limit=CALL):
            vectors = embed_chunks(embedder, chunks, wait=self._watch.wait_for)
            crash_point("chunks embedded anew")
            claim = succession.save_next_vectors(
                self.claim, change_id=self._change, chunks=chunks, vectors=vectors
            )
            if claim is None:
                return False
            self.claim = claim
            if self._should_yield():
                return False
        return True

    def _should_yield(self) -> bool:
        spent = time.monotonic() - self._started
        if spent > TURN_SECONDS or (spent > RIVAL_SECONDS and has_rivals(self.claim)):
            return True
        return index_contents.has_chunks_to_index(self._collection.id)

    def _take_over(self, embedder: ReadyEmbedder) -> None:
        store = open_stores.of(
            self._collection,
            model_id=embedder.model_id,
            dimension=embedder.dimension,
            series=self._collection.index_series + 1,
        )
        generation = store.rebuild(self._batches(embedder.dimension))
        crash_point("next index written")
        is_exchanged = succession.exchange_embedders(
            self.claim,
            change_id=self._change,
            chunk_ids=self._written,
            generation=generation,
        )
        if is_exchanged:
            log.info("embedder.exchanged", collection=str(self._collection.id))

    def _batches(self, dimension: int) -> Iterator[sdk.IndexBatch]:
        after = 0
        while chunks := succession.next_chunks(self._collection.id, after=after, limit=BATCH):
            self._watch.check()
            after = chunks[-1].id
            self._written += [chunk.id for chunk in chunks]
            yield _as_batch(chunks, dimension)


def _as_batch(chunks: Sequence[PendingChunk], dimension: int) -> sdk.IndexBatch:
    return sdk.IndexBatch(
        ids=tuple(chunk.id for chunk in chunks),
        texts=tuple(chunk.text for chunk in chunks),
        languages=tuple(chunk.language for chunk in chunks),
        vectors=sdk.VectorBatch(
            dimension=dimension,
            count=len(chunks),
            data=b"".join(chunk.vector or b"" for chunk in chunks),
        ),
    )
