"""Making documents searchable: vectors into the database, chunks into the index files."""

import structlog
from django.db import DatabaseError

import altiplano_sdk as sdk
from altiplano.kernel.job_context import working_on
from altiplano.kernel.jobs import JobClaim, LostClaimError, claim_job
from altiplano.knowledge.domain import indexing
from altiplano.knowledge.domain.compaction import retry_compaction
from altiplano.knowledge.models import Collection
from altiplano.knowledge.reading import is_succession_due
from altiplano.knowledge.specs import CompactIndex, IndexCollection
from altiplano_worker.app import app
from altiplano_worker.runtime.budgets import PluginFailedError
from altiplano_worker.runtime.index_errors import IndexStoreError
from altiplano_worker.tasks.compaction import compact
from altiplano_worker.tasks.indexing import IndexingTurn
from altiplano_worker.tasks.succession import Succession

log = structlog.get_logger(__name__)

UNEXPECTED_REASON = "The document could not be indexed because of an unexpected error on our side."


@app.task(name=IndexCollection.task)
def index_collection(job_id: str) -> None:  # noqa: ARG001 - only a hint
    """Embed and index what waits in one collection, of the organization whose turn it is."""
    claim = claim_job(IndexCollection.task)
    if claim is None:
        return
    try:
        with working_on(claim):
            _index(claim)
    except LostClaimError:
        log.info("collection.indexing_dropped", collection=str(claim.subject_id))
        indexing.remove_files_if_gone(claim.subject_id)


def _index(claim: JobClaim) -> None:
    """All is indexed, or the rest waits in a job, or the documents say why they failed."""
    try:
        collection = indexing.open_indexing(claim)
        if collection is None:
            return
        turn = _opened_turn(claim, collection)
        goes_on = turn is None
        if turn is not None:
            try:
                goes_on = turn.run()
            finally:
                claim = turn.claim
        if goes_on:
            following = Succession(claim, collection)
            try:
                following.run()
            finally:
                claim = following.claim
    except (LostClaimError, DatabaseError):
        raise
    except (sdk.PermanentError, sdk.BudgetExceededError, PluginFailedError) as error:
        indexing.fail_indexing(claim, code=error.code, reason=error.message)
    except (sdk.RetryableError, sdk.EngineError) as error:
        indexing.retry_indexing(claim, code=error.code, reason=error.message)
    except Exception:
        log.exception("collection.indexing_failed", collection=str(claim.subject_id))
        indexing.retry_indexing(claim, code="unexpected", reason=UNEXPECTED_REASON)


def _opened_turn(claim: JobClaim, collection: Collection) -> IndexingTurn | None:
    """None when the embedder must not run any more and another one is about to take over."""
    try:
        return IndexingTurn(claim, collection)
    except (sdk.PermanentError, sdk.BudgetExceededError, PluginFailedError):
        if is_succession_due(collection):
            return None
        raise


@app.task(name=CompactIndex.task)
def compact_index(job_id: str) -> None:  # noqa: ARG001 - only a hint
    """Rewrite one collection's index files without what was removed."""
    claim = claim_job(CompactIndex.task)
    if claim is None:
        return
    try:
        with working_on(claim):
            compact(claim)
    except LostClaimError:
        log.info("collection.compaction_dropped", collection=str(claim.subject_id))
        indexing.remove_files_if_gone(claim.subject_id)
    except (sdk.RetryableError, IndexStoreError) as error:
        retry_compaction(claim, reason=error.message)
