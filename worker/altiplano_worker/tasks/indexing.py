"""One turn at a collection: embed what waits, write segments, make documents ready.

The work is cut so that a crash loses little and cancelling is quick: vectors are saved every few
seconds, and a segment is written as soon as that costs less than a sixtieth of the time spent. What
was saved is never computed again; what was written twice is there once.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Final, TypeVar

import structlog

import altiplano_sdk as sdk
from altiplano.kernel.jobs import JobClaim, has_rivals
from altiplano.knowledge import index_contents
from altiplano.knowledge.domain import indexing
from altiplano.knowledge.domain.compaction import request_compaction
from altiplano.knowledge.index_contents import PendingChunk
from altiplano.knowledge.models import Collection
from altiplano.knowledge.reading import embedder_step, is_succession_due
from altiplano_worker.runtime.crash_points import crash_point
from altiplano_worker.runtime.index_errors import IndexMissingError, IndexStoreError
from altiplano_worker.tasks.compaction import GRACE_SECONDS
from altiplano_worker.tasks.embedding import embed_chunks
from altiplano_worker.tasks.leases import LeaseWatch
from altiplano_worker.tasks.stores import open_stores, opened_embedder

T = TypeVar("T")

log = structlog.get_logger(__name__)

MAX_BATCH: Final = 2048
"""Chunks per segment."""

CALL_SECONDS: Final = 2.0
"""What one call of the embedder should take: how much work a crash may cost."""

MIN_CALL: Final = 16
"""Fewer texts leave cores idle: the call takes as long as its longest text."""

MAX_CALL: Final = 512

SMALL_CHUNKS: Final = 64
"""Documents of at most so many chunks go before larger ones: nobody should wait minutes for a page
because a book came first.
"""

SMALL_CALLS: Final = 3
"""After so many calls of small documents in a row one is for whatever is oldest: a stream of small
documents slows a large one down, but does not stop it.
"""

FIRST_FLUSH_SECONDS: Final = 1.0
FLUSH_SHARE: Final = 1 / 60
GATHER_SECONDS: Final = 0.3
"""How long a written segment waits for more when documents are still being read."""

PATIENCE_SECONDS: Final = 0.5
POLL_SECONDS: Final = 0.03
RIVAL_SECONDS: Final = 20.0
"""After this long, another collection goes first, of the same organization or not."""

TURN_SECONDS: Final = 900.0
"""Well below the hard time limit of a task."""


class IndexingTurn:
    """Used once, by one thread. ``claim`` is the job's claim, with what progress did to it."""

    def __init__(self, claim: JobClaim, collection: Collection) -> None:
        self.claim = claim
        self._collection = collection
        self._watch = LeaseWatch(claim)
        self._embedder = opened_embedder(
            collection.organization_id, embedder_step(collection), wait=self._watch.wait_for
        )
        self._store = open_stores.of(
            collection, model_id=self._embedder.model_id, dimension=self._embedder.dimension
        )
        self._call_size = MIN_CALL
        self._generation = collection.index_generation
        self._batch: list[PendingChunk] = []
        self._taken: set[int] = set()
        self._after_small = self._after_any = 0
        self._small_calls = 0
        self._flush_cost = 0.0
        self._started = self._flushed_at = self._cleaned_at = time.monotonic()

    def run(self) -> bool:
        """The collection is indexed and the job done; or a new job continues it.

        True when the job goes on with the next embedder. Raises LostClaimError and what the embedder
        or the store raise.
        """
        with ThreadPoolExecutor(1, thread_name_prefix="index-files") as self._files:
            self._prepare()
            idle_since: float | None = None
            while True:
                pending = self._next_pending()
                if pending:
                    idle_since = None
                    self._embed(pending)
                    if self._is_flush_due():
                        self._flush()
                        if self._should_yield():
                            indexing.yield_indexing(self.claim)
                            return False
                    continue
                now = time.monotonic()
                idle_since = idle_since or now
                if self._batch and not self._may_gather(now):
                    self._flush()
                elif not self._batch and not self._may_wait(now - idle_since):
                    break
                else:
                    self._watch.check()
                    time.sleep(POLL_SECONDS)
            return self._finish()

    # --- Before ---------------------------------------------------------------------------

    def _prepare(self) -> None:
        """The files are usable, of the right model, and hold what the database says they hold."""
        collection, model_id = self._collection, self._embedder.model_id
        if (collection.embedding_model, collection.embedding_dimension) != (
            model_id,
            self._embedder.dimension,
        ):
            had_another = bool(collection.embedding_model)
            indexing.adopt_model(self.claim, model_id=model_id, dimension=self._embedder.dimension)
            if had_another:
                log.info("collection.model_changed", collection=str(collection.id))
                self._in_files(self._store.reset)
                self._generation = 0
        reason = self._damage()
        if reason is not None:
            log.warning("index.rebuilding", collection=str(collection.id), reason=reason)
            self._generation = self._store.rebuild(self._stored_batches())

    def _damage(self) -> str | None:
        """Why the files must be written anew from the database; None when they are good."""
        try:
            with self._store.open() as reader:
                if reader.degraded:
                    return "the newest generation is damaged"
                if reader.generation < self._generation:
                    return "the files are older than the database"
        except IndexMissingError:
            has_chunks = bool(index_contents.indexed_chunks(self._collection.id, after=0, limit=1))
            return "there are no files" if has_chunks else None
        except IndexStoreError as error:
            return error.message
        return None

    def _stored_batches(self) -> Iterator[sdk.IndexBatch]:
        """All indexed chunks with their stored vectors, page by page."""
        after = 0
        while chunks := index_contents.indexed_chunks(
            self._collection.id, after=after, limit=MAX_BATCH
        ):
            self._watch.check()
            after = chunks[-1].id
            yield self._as_batch(chunks)

    # --- Vectors --------------------------------------------------------------------------

    def _next_pending(self) -> list[PendingChunk]:
        """Chunks that are not in the batch: of small documents first, else in order of arrival."""
        if not self._batch:
            self._after_small = self._after_any = 0
            self._taken.clear()
        limit = min(self._call_size, MAX_BATCH - len(self._batch))
        pending: list[PendingChunk] = []
        if self._small_calls < SMALL_CALLS:
            self._after_small = self._take(pending, limit, self._after_small, SMALL_CHUNKS)
        self._small_calls = self._small_calls + 1 if len(pending) == limit else 0
        # A call that is not full takes as long: whatever else waits goes along.
        self._after_any = self._take(pending, limit, self._after_any, None)
        return pending

    def _take(
        self, pending: list[PendingChunk], limit: int, after: int, of_at_most: int | None
    ) -> int:
        """``pending`` is filled up to ``limit`` with waiting chunks above ``after`` that were not
        taken yet; returns the id to go on after.
        """
        while wanted := limit - len(pending):
            page = index_contents.pending_chunks(
                self._collection.id, after=after, limit=wanted, of_at_most=of_at_most
            )
            fresh = [chunk for chunk in page if chunk.id not in self._taken]
            self._taken.update(chunk.id for chunk in fresh)
            pending += fresh
            if page:
                after = page[-1].id
            if len(page) < wanted:
                break
        return after

    def _embed(self, chunks: Sequence[PendingChunk]) -> None:
        """The chunks have vectors, in the database and in the batch; versions that the embedder
        cannot take have failed.
        """
        bare = [chunk for chunk in chunks if chunk.vector is None]
        made: dict[int, bytes] = {}
        if bare:
            try:
                made = self._vectors_of(bare)
            except sdk.PermanentError:
                made = self._vectors_by_version(bare)
        self._batch += [
            PendingChunk(chunk.id, chunk.version_id, chunk.text, chunk.language, vector)
            for chunk in chunks
            if (vector := chunk.vector or made.get(chunk.id)) is not None
        ]

    def _vectors_of(self, chunks: Sequence[PendingChunk]) -> dict[int, bytes]:
        begun = time.monotonic()
        rows = embed_chunks(self._embedder, chunks, wait=self._watch.wait_for)
        crash_point("chunks embedded")
        indexing.save_vectors(self.claim, chunks, rows)
        crash_point("vectors saved")
        self._adapt(time.monotonic() - begun, len(chunks))
        return dict(zip((chunk.id for chunk in chunks), rows, strict=True))

    def _vectors_by_version(self, chunks: Sequence[PendingChunk]) -> dict[int, bytes]:
        """One version's odd text does not fail the others that came in the same call."""
        made: dict[int, bytes] = {}
        for version_id in sorted({chunk.version_id for chunk in chunks}):
            own = [chunk for chunk in chunks if chunk.version_id == version_id]
            try:
                made |= self._vectors_of(own)
            except sdk.PermanentError as error:
                indexing.fail_versions(
                    self.claim, version_ids=[version_id], code=error.code, reason=error.message
                )
        return made

    def _adapt(self, seconds: float, count: int) -> None:
        """The next call takes about ``CALL_SECONDS``."""
        if seconds < CALL_SECONDS / 2 and count == self._call_size:
            self._call_size = min(self._call_size * 2, MAX_CALL)
        elif seconds > CALL_SECONDS * 2:
            self._call_size = max(self._call_size // 2, MIN_CALL)

    # --- Segments -------------------------------------------------------------------------

    def _is_flush_due(self) -> bool:
        if len(self._batch) >= MAX_BATCH:
            return True
        spent = time.monotonic() - self._flushed_at
        return bool(self._batch) and spent >= max(
            FIRST_FLUSH_SECONDS, self._flush_cost / FLUSH_SHARE
        )

    def _may_gather(self, now: float) -> bool:
        """True while the next documents are nearly read: one segment for several costs less."""
        return now - self._flushed_at < GATHER_SECONDS and index_contents.has_documents_to_read(
            self._collection.id
        )

    def _may_wait(self, idle_seconds: float) -> bool:
        """True while staying is cheaper than coming back as a new job."""
        return idle_seconds < PATIENCE_SECONDS and index_contents.has_documents_to_read(
            self._collection.id
        )

    def _flush(self) -> None:
        """The batch is in the index files, and the database knows."""
        begun = time.monotonic()
        batch = self._as_batch(sorted(self._batch, key=lambda chunk: chunk.id))
        self._generation = self._in_files(lambda: self._store.add(batch))
        crash_point("segment committed")
        self.claim = indexing.commit_indexed(
            self.claim,
            chunk_ids=batch.ids,
            version_ids={chunk.version_id for chunk in self._batch},
            generation=self._generation,
        )
        crash_point("documents ready")
        self._batch = []
        self._flushed_at = time.monotonic()
        self._flush_cost = self._flushed_at - begun
        if self._flushed_at - self._cleaned_at > GRACE_SECONDS:
            self._in_files(lambda: self._store.collect_garbage(GRACE_SECONDS))
            self._cleaned_at = self._flushed_at

    def _as_batch(self, chunks: Sequence[PendingChunk]) -> sdk.IndexBatch:
        return sdk.IndexBatch(
            ids=tuple(chunk.id for chunk in chunks),
            texts=tuple(chunk.text for chunk in chunks),
            languages=tuple(chunk.language for chunk in chunks),
            vectors=sdk.VectorBatch(
                dimension=self._embedder.dimension,
                count=len(chunks),
                data=b"".join(chunk.vector or b"" for chunk in chunks),
            ),
        )

    def _in_files(self, call: Callable[[], T]) -> T:
        """The call's result from the files' thread, with the lease renewed meanwhile."""
        return self._watch.wait_for(self._files.submit(call))

    # --- After ----------------------------------------------------------------------------

    def _should_yield(self) -> bool:
        spent = time.monotonic() - self._started
        return spent > TURN_SECONDS or (spent > RIVAL_SECONDS and has_rivals(self.claim))

    def _finish(self) -> bool:
        """The job is done, unless another embedder is to take over. A store that holds much that is
        gone is compacted by another job.
        """
        if self._generation:
            self._in_files(lambda: self._store.collect_garbage(GRACE_SECONDS))
            if self._in_files(self._store.is_compaction_due):
                request_compaction(self._collection.id, organization_id=self.claim.organization_id)
        if is_succession_due(self._collection):
            return True
        indexing.finish_indexing(self.claim, generation=self._generation)
        return False
