"""Reading documents: from the stored file to text and chunks."""

import tempfile
from pathlib import Path

import structlog
from celery.signals import worker_process_shutdown
from django.conf import settings
from django.db import DatabaseError

import altiplano_sdk as sdk
from altiplano.kernel.errors import StorageFullError
from altiplano.kernel.jobs import JobClaim, LostClaimError, claim_job
from altiplano.knowledge.blobs import told_when_full
from altiplano.knowledge.domain import ingestion
from altiplano.knowledge.domain.ingestion import Reading
from altiplano.knowledge.sniffing import sniff_file
from altiplano.knowledge.specs import ParseDocument
from altiplano_worker.adapters.fetch import FetchLimits, fetch_document
from altiplano_worker.app import app
from altiplano_worker.runtime.crash_points import crash_point
from altiplano_worker.runtime.loop import process_loop
from altiplano_worker.runtime.parsing import (
    ParseCancelledError,
    ParseLimits,
    ParseOutcome,
    ParserProcess,
)
from altiplano_worker.tasks.leases import LeaseWatch

log = structlog.get_logger(__name__)

UNEXPECTED_REASON = "The document could not be read because of an unexpected error on our side."

_parser = ParserProcess()
"""One warm child per worker process, started with the first document."""


@app.task(name=ParseDocument.task)
def parse_document(job_id: str) -> None:  # noqa: ARG001 - only a hint
    """Read one document version, of the organization whose turn it is.

    The message is only a hint that work waits: it may be about another job than the one claimed,
    or about none.
    """
    claim = claim_job(ParseDocument.task)
    if claim is None:
        return
    try:
        _read(claim)
    except LostClaimError:
        log.info("document.reading_dropped", version=str(claim.subject_id))


def _read(claim: JobClaim) -> None:
    """The version is stored, failed with a reason, or will be tried again.

    Raises LostClaimError. An error of the database itself goes on up: the lease runs out and the
    sweeper brings the job back.
    """
    try:
        reading = ingestion.start_reading(claim)
        if reading is None:
            return
        crash_point("reading started")
        watch = LeaseWatch(claim)
        if not reading.sha256:
            reading = _fetch(claim, watch, reading)
        outcome = _parse(reading, watch)
        crash_point("document parsed")
        ingestion.store_parsed_document(
            claim, reading, document=outcome.document, spans=outcome.spans
        )
        crash_point("chunks stored")
    except (LostClaimError, DatabaseError):
        raise
    except ParseCancelledError as error:
        raise LostClaimError from error
    except (sdk.PermanentError, sdk.BudgetExceededError) as error:
        ingestion.fail_reading(claim, code=error.code, reason=error.message)
    except (sdk.RetryableError, StorageFullError) as error:
        ingestion.retry_reading(claim, code=error.code, reason=error.message)
    except Exception:
        log.exception("document.reading_failed", version=str(claim.subject_id))
        ingestion.retry_reading(claim, code="unexpected", reason=UNEXPECTED_REASON)


def _parse(reading: Reading, watch: LeaseWatch) -> ParseOutcome:
    """Text and spans, at least one. Raises what the parser does, and ParseCancelledError."""
    outcome = _parser.parse(
        sdk.SourceFile(
            name=reading.name,
            media_type=reading.media_type,
            path=reading.path,
            size=reading.bytes,
        ),
        limits=ParseLimits(
            seconds=settings.PARSE_SECONDS,
            memory_bytes=settings.PARSE_MEMORY_BYTES,
            text_chars=settings.MAX_TEXT_CHARS,
        ),
        is_cancelled=watch.is_lost,
    )
    if not outcome.spans:
        raise sdk.UnreadableDocumentError("There is no text in this document.", code="no_text")
    return outcome


def _fetch(claim: JobClaim, watch: LeaseWatch, reading: Reading) -> Reading:
    """The reading with its file, brought from ``source_url`` and looked at like an upload."""
    limits = FetchLimits(seconds=settings.PARSE_SECONDS, bytes=settings.MAX_DOCUMENT_BYTES)
    with tempfile.TemporaryDirectory(dir=settings.UPLOAD_ROOT) as folder:
        path = Path(folder) / "fetched"
        with told_when_full():
            watch.wait_for(
                process_loop.submit(fetch_document(reading.source_url, path, limits=limits))
            )
        sniffed = sniff_file(path, reading.name)
        if sniffed.media_type is None:
            raise sdk.UnreadableDocumentError(sniffed.reason or "", code="type_not_accepted")
        return ingestion.store_fetched_file(
            claim, reading, path=path, media_type=sniffed.media_type
        )


@worker_process_shutdown.connect
def close_parser(**_: object) -> None:
    """The child goes with its worker."""
    _parser.close()
