"""Documents as a page shows them: words for people, in the reader's language."""

import uuid
from dataclasses import dataclass

from django.template.defaultfilters import filesizeformat

from altiplano.kernel.reasons import in_my_language
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
        size=filesizeformat(version.bytes),
        language=version.language,
        is_moving=rules.is_unfinished(version),
        can_retry=rules.can_retry(version),
        is_answering=document.active_version_id not in {None, version.id},
    )


def reason_for_reader(version: DocumentVersion) -> str:
    """Why the version is not ready, in the reader's language."""
    return in_my_language(version.reason)
