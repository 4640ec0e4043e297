"""Removing what was deleted, once it can no longer be undone."""

import structlog

from altiplano.kernel.job_context import working_on
from altiplano.kernel.jobs import LostClaimError, claim_job
from altiplano.knowledge.domain.deletion import remove_discarded
from altiplano.knowledge.specs import RemoveDocuments
from altiplano_worker.app import app

log = structlog.get_logger(__name__)


@app.task(name=RemoveDocuments.task)
def remove_documents(job_id: str) -> None:  # noqa: ARG001 - only a hint
    """Remove the documents of one deletion."""
    claim = claim_job(RemoveDocuments.task)
    if claim is None:
        return
    try:
        with working_on(claim):
            remove_discarded(claim)
    except LostClaimError:  # taken back at this moment
        log.info("documents.removal_dropped", deletion=str(claim.subject_id))
