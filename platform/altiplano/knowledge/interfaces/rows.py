"""Documents as a page shows them: words for people, in the reader's language."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext_lazy as _

from altiplano.kernel.reasons import in_my_language
from altiplano.kernel.sentences import said_size
from altiplano.knowledge import rules
from altiplano.knowledge.models import Document, DocumentState, DocumentVersion
from altiplano.knowledge.queries import progress_of


@dataclass(frozen=True, slots=True)
class DocumentRow:
    """One line of a collection's table.

    ``is_answering`` is true while an earlier version answers although the latest is not ready.
    """

    id: uuid.UUID
    name: str
    state: str
    state_label: str
    reason: str
    warnings: tuple[str, ...]
    percent: int
    pages: int
    size: str
    language: str
    is_moving: bool
    can_retry: bool
    is_answering: bool
    added: datetime
    version: int

    @property
    def stamp(self) -> str:
        """Changes whenever the row would look different."""
        return f"{self.version}-{self.state}-{self.percent}-{int(self.is_answering)}"


def row_of(document: Document) -> DocumentRow:
    """The document with its latest version, which the caller has loaded."""
    version = document.latest_version
    if version is None:  # a version is made with its document; only a race shows this
        version = DocumentVersion(state=DocumentState.QUEUED, bytes=0)
    return DocumentRow(
        id=document.id,
        name=document.name,
        state=version.state,
        state_label=version.get_state_display(),
        reason=reason_for_reader(version),
        warnings=tuple(in_my_language(str(warning)) for warning in version.warnings),
        percent=round(progress_of(version) * 100),
        pages=version.page_count,
        size=said_size(version.bytes) if version.bytes else "",
        language=version.language,
        is_moving=rules.is_unfinished(version),
        # A refused file was not kept: there is nothing to read again.
        can_retry=rules.can_retry(version) and bool(version.bytes or version.source_url),
        is_answering=document.active_version_id not in {None, version.id},
        added=document.created_at,
        version=version.number,
    )


def reason_for_reader(version: DocumentVersion) -> str:
    """Why the version is not ready, in the reader's language."""
    return in_my_language(version.reason)


MEDIA_TYPES = {
    "application/pdf": _("PDF"),
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": _("Word document"),
    "text/html": _("web page (HTML)"),
    "text/markdown": _("Markdown"),
    "text/plain": _("plain text"),
    "text/csv": _("table (CSV)"),
}


@dataclass(frozen=True, slots=True)
class Report:
    """What was read of the version that answers, or of the latest one while none does."""

    kind: str
    title: str
    language: str
    pages: int
    passages: int
    size: str
    source_url: str
    arrived: datetime
    finished: datetime | None
    warnings: tuple[str, ...]

    @property
    def seconds(self) -> int | None:
        """From its arrival to its being ready, waiting included."""
        if self.finished is None:
            return None
        return max(1, round((self.finished - self.arrived).total_seconds()))


def report_of(document: Document) -> Report:
    """For a document with its versions, which the caller has loaded."""
    version = document.active_version or document.latest_version
    if version is None:
        version = DocumentVersion(state=DocumentState.QUEUED, bytes=0)
    return Report(
        kind=str(MEDIA_TYPES.get(version.media_type, version.media_type)),
        title=version.title,
        language=version.language,
        pages=version.page_count,
        passages=version.chunk_count,
        size=said_size(version.bytes),
        source_url=version.source_url,
        arrived=version.created_at,
        finished=version.finished_at if version.state == DocumentState.READY else None,
        warnings=tuple(in_my_language(str(warning)) for warning in version.warnings),
    )


@dataclass(frozen=True, slots=True)
class VersionRow:
    number: int
    state: str
    state_label: str
    reason: str
    size: str
    added: datetime


def version_rows(versions: Sequence[DocumentVersion]) -> list[VersionRow]:
    """The history of a document, in the order given."""
    return [
        VersionRow(
            number=version.number,
            state=version.state,
            state_label=version.get_state_display(),
            reason=reason_for_reader(version),
            size=said_size(version.bytes),
            added=version.created_at,
        )
        for version in versions
    ]
