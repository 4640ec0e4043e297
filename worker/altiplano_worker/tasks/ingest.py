"""Reading documents: from the stored file to text and chunks; and again, when settings changed."""

from contextlib import suppress
from typing import Final

import structlog
from celery.signals import worker_process_shutdown
from django.utils import translation

from altiplano.kernel.errors import StorageFullError
from altiplano.kernel.job_batches import claim_jobs
from altiplano.kernel.job_context import working_on
from altiplano.kernel.jobs import LostClaimError, claim_job, retry_job
from altiplano.knowledge.domain.rereading import prepare_rereading
from altiplano.knowledge.specs import ParseDocument, ReadAgain
from altiplano_worker.app import app
from altiplano_worker.runtime.loop import process_loop
from altiplano_worker.runtime.parsing import ParserProcess
from altiplano_worker.tasks.plugin_host import plugin_host
from altiplano_worker.tasks.reading import ReadingTurn

log = structlog.get_logger(__name__)

MAX_CLAIMS: Final = 32

_parser = ParserProcess()
"""One warm child per worker process, started with the first document."""


@app.task(name=ParseDocument.task)
def parse_document(job_id: str) -> None:  # noqa: ARG001 - only a hint
    """Read documents of the organization whose turn it is, for about a second.

    The message is only a hint that work waits: it may be about another job than those claimed, or
    about none.
    """
    claims = claim_jobs(ParseDocument.task, limit=MAX_CLAIMS)
    if claims:
        ReadingTurn(claims, _parser).run()


@app.task(name=ReadAgain.task)
def read_again(job_id: str) -> None:  # noqa: ARG001 - only a hint
    """Queue the documents of one collection that were read with former settings."""
    claim = claim_job(ReadAgain.task)
    if claim is None:
        return
    try:
        with working_on(claim):
            count = 1
            while count:
                claim, count = prepare_rereading(claim)
    except LostClaimError:  # stopped by its owner, or the collection is gone
        log.info("collection.rereading_dropped", collection=str(claim.subject_id))
    except StorageFullError as error:
        with suppress(LostClaimError), translation.override("en"):
            retry_job(claim, str(error.message))


@worker_process_shutdown.connect
def close_parser(**_: object) -> None:
    """The child goes with its worker."""
    _parser.close()


@worker_process_shutdown.connect
def close_plugins(**_: object) -> None:
    """So do the processes of plugins from outside."""
    process_loop.run(plugin_host.close())
