"""Reading documents: from the stored file to text and chunks."""

from typing import Final

from celery.signals import worker_process_shutdown

from altiplano.kernel.job_batches import claim_jobs
from altiplano.knowledge.specs import ParseDocument
from altiplano_worker.app import app
from altiplano_worker.runtime.parsing import ParserProcess
from altiplano_worker.tasks.reading import ReadingTurn

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


@worker_process_shutdown.connect
def close_parser(**_: object) -> None:
    """The child goes with its worker."""
    _parser.close()
