"""Rewriting a collection's index files: without removed chunks, in few segments."""

from concurrent.futures import ThreadPoolExecutor

from altiplano.kernel.jobs import JobClaim
from altiplano.knowledge import index_contents
from altiplano.knowledge.domain.compaction import finish_compaction
from altiplano.knowledge.domain.indexing import open_indexing
from altiplano_worker.runtime.index_errors import IndexMissingError
from altiplano_worker.tasks.leases import LeaseWatch
from altiplano_worker.tasks.stores import open_stores

GRACE_SECONDS = 60.0
"""How long replaced generations stay, for a reader that has just read about them."""


def compact(claim: JobClaim) -> None:
    """The collection's files hold no chunk that was removed before this call, and the job is done.

    Raises LostClaimError, IndexBusyError, and what a damaged index raises.
    """
    collection = open_indexing(claim)
    if collection is None:
        return
    tombstones = index_contents.tombstones_of(collection.id)
    if collection.embedding_dimension is None:  # nothing was ever indexed
        finish_compaction(
            claim, series=collection.index_series, up_to=tombstones.last_id, generation=0
        )
        return
    store = open_stores.of(
        collection,
        model_id=collection.embedding_model,
        dimension=collection.embedding_dimension,
    )
    watch = LeaseWatch(claim)
    with ThreadPoolExecutor(1, thread_name_prefix="compaction") as pool:
        try:
            generation = watch.wait_for(pool.submit(store.compact, tombstones.chunk_ids))
        except IndexMissingError:
            generation = 0
        else:
            watch.wait_for(pool.submit(store.collect_garbage, GRACE_SECONDS))
    finish_compaction(
        claim, series=collection.index_series, up_to=tombstones.last_id, generation=generation
    )
