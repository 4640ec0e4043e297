"""One turn at reading documents: parse some, store them together, give the rest back.

A large document is stored as soon as it was read. Small ones are stored in groups, because a
transaction for each would take longer than reading them.
"""

import tempfile
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

import structlog
from django.conf import settings
from django.db import DatabaseError

import altiplano_sdk as sdk
from altiplano.kernel.errors import StorageFullError
from altiplano.kernel.job_context import working_on
from altiplano.kernel.jobs import JobClaim, LostClaimError
from altiplano.knowledge.blobs import told_when_full
from altiplano.knowledge.domain import ingestion
from altiplano.knowledge.domain.ingestion import ParsedVersion, Reading
from altiplano.knowledge.reading import BUILT_IN_SPLITTER
from altiplano.knowledge.sniffing import sniff_file
from altiplano_worker.adapters.fetch import FetchLimits, fetch_document
from altiplano_worker.runtime.budgets import PluginFailedError
from altiplano_worker.runtime.crash_points import crash_point
from altiplano_worker.runtime.loop import process_loop
from altiplano_worker.runtime.parsing import (
    ParseCancelledError,
    ParseLimits,
    ParseOutcome,
    ParserProcess,
)
from altiplano_worker.tasks.leases import LeaseWatch
from altiplano_worker.tasks.packaged_reading import PackagedReading

log = structlog.get_logger(__name__)

TURN_SECONDS: Final = 1.0
"""After this long no further document is begun: others may have a turn, or another worker."""

TURN_BYTES: Final = 512 * 1024
"""What one turn keeps besides its first document; other workers may read the rest meanwhile."""

GROUP_SECONDS: Final = 0.25
GROUP_CHARS: Final = 1_000_000
"""What is stored in one transaction at most, in time spent reading it and in characters."""

BUILT_IN: Final[tuple[str, Mapping[str, Any]]] = (BUILT_IN_SPLITTER, {})
"""What the built-in reader splits by where a plugin from outside does it anew."""

UNEXPECTED_REASON = "The document could not be read because of an unexpected error on our side."


class ReadingTurn:
    """Used once. Every claim ends stored, failed with a reason, queued again, or lost."""

    def __init__(self, claims: Sequence[JobClaim], parser: ParserProcess) -> None:
        self._claims = claims
        self._watch = LeaseWatch(*claims)
        self._parser = parser
        self._parsed: list[ParsedVersion] = []

    def run(self) -> None:
        """An error of the database goes up: leases run out and the sweeper brings the jobs back."""
        begun = grouped = time.monotonic()
        waiting = self._keep_a_share(ingestion.start_readings(self._claims))
        crash_point("reading started")
        while waiting:
            claim, reading = waiting.pop(0)
            self._read(claim, reading)
            now = time.monotonic()
            chars = sum(len(parsed.document.text) for parsed in self._parsed)
            if now - grouped > GROUP_SECONDS or chars > GROUP_CHARS:
                self._store()
                grouped = time.monotonic()
            if now - begun > TURN_SECONDS:
                break
        self._store()
        self._give_back(waiting)

    def _keep_a_share(
        self, started: list[tuple[JobClaim, Reading]]
    ) -> list[tuple[JobClaim, Reading]]:
        """The first document and as many more as are small together; the rest is given back."""
        kept, size = 1, 0
        for _, reading in started[1:]:
            size += reading.bytes
            if size > TURN_BYTES:
                break
            kept += 1
        self._give_back(started[kept:])
        return started[:kept]

    def _give_back(self, waiting: Sequence[tuple[JobClaim, Reading]]) -> None:
        if waiting:
            ingestion.give_back_readings([claim for claim, _ in waiting])
        for claim, _ in waiting:
            self._watch.let_go(claim)

    def _store(self) -> None:
        if self._parsed:
            crash_point("documents parsed")
            ingestion.store_parsed_documents(self._parsed)
            crash_point("chunks stored")
        for parsed in self._parsed:
            self._watch.let_go(parsed.claim)
        self._parsed = []

    def _read(self, claim: JobClaim, reading: Reading) -> None:
        """The version waits to be stored, failed with a reason, or will be tried again."""
        with working_on(claim):
            self._read_or_say_why_not(claim, reading)

    def _read_or_say_why_not(self, claim: JobClaim, reading: Reading) -> None:
        try:
            if not reading.sha256:
                self._store()  # fetching takes its time
                reading = self._fetch(claim, reading)
            outcome = self._parse(claim, reading)
            self._parsed.append(ParsedVersion(claim, reading, outcome.document, outcome.spans))
        except (LostClaimError, ParseCancelledError):
            self._drop(claim)
        except DatabaseError:
            raise
        except (sdk.PermanentError, sdk.BudgetExceededError, PluginFailedError) as error:
            self._give_up(claim, code=error.code, reason=error.message)
        except (sdk.RetryableError, StorageFullError) as error:
            self._retry(claim, code=error.code, reason=error.message)
        except Exception:
            log.exception("document.reading_failed", version=str(claim.subject_id))
            self._retry(claim, code="unexpected", reason=UNEXPECTED_REASON)

    def _drop(self, claim: JobClaim) -> None:
        log.info("document.reading_dropped", version=str(claim.subject_id))
        self._watch.let_go(claim)

    def _give_up(self, claim: JobClaim, *, code: str, reason: str) -> None:
        with suppress(LostClaimError):  # whoever holds it now says how it ends
            ingestion.fail_reading(claim, code=code, reason=reason)
        self._watch.let_go(claim)

    def _retry(self, claim: JobClaim, *, code: str, reason: str) -> None:
        with suppress(LostClaimError):
            ingestion.retry_reading(claim, code=code, reason=reason)
        self._watch.let_go(claim)

    def _parse(self, claim: JobClaim, reading: Reading) -> ParseOutcome:
        """Text and spans, at least one. Raises what the parser does, and ParseCancelledError."""
        source = sdk.SourceFile(
            name=reading.name,
            media_type=reading.media_type,
            path=reading.path,
            size=reading.bytes,
        )

        def read_built_in() -> ParseOutcome:
            splitter = reading.way.splitter
            return self._parser.parse(
                source,
                limits=ParseLimits(
                    seconds=settings.PARSE_SECONDS,
                    memory_bytes=settings.PARSE_MEMORY_BYTES,
                    text_chars=settings.MAX_TEXT_CHARS,
                ),
                splitter=BUILT_IN if splitter.pin else (splitter.plugin, splitter.config),
                is_cancelled=lambda: self._watch.is_lost(claim),
            )

        if reading.way.pins:
            self._store()  # a plugin from outside takes its time
            outcome = PackagedReading(
                reading,
                source,
                text_chars=settings.MAX_TEXT_CHARS,
                read_built_in=read_built_in,
                wait=lambda work: self._watch.wait_for(process_loop.submit(work), claim),
            ).read()
        else:
            outcome = read_built_in()
        if not outcome.spans:
            raise sdk.UnreadableDocumentError("There is no text in this document.", code="no_text")
        return outcome

    def _fetch(self, claim: JobClaim, reading: Reading) -> Reading:
        """The reading with its file, brought from ``source_url`` and looked at like an upload."""
        limits = FetchLimits(seconds=settings.PARSE_SECONDS, bytes=settings.MAX_DOCUMENT_BYTES)
        # By this ending the upkeep knows what a crash has left.
        with tempfile.TemporaryDirectory(dir=settings.UPLOAD_ROOT, suffix=".upload") as folder:
            path = Path(folder) / "fetched"
            fetching = fetch_document(reading.source_url, path, limits=limits)
            with told_when_full():
                self._watch.wait_for(process_loop.submit(fetching), claim)
            sniffed = sniff_file(path, reading.name)
            if sniffed.media_type is None:
                raise sdk.UnreadableDocumentError(sniffed.reason or "", code="type_not_accepted")
            return ingestion.store_fetched_file(
                claim, reading, path=path, media_type=sniffed.media_type
            )
