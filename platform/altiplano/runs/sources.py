"""The passage that an answer rests on, as a reader of the answer may see it.

An answer opens no document but those it cites or was shown: a reader who may see the run may see
these passages in their surroundings, and nothing else by this way.
"""

import uuid
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy as _

from altiplano.kernel.errors import NotFoundError
from altiplano.knowledge import queries as knowledge
from altiplano.knowledge.models import Document
from altiplano.runs.models import Answer, Citation, Run


@dataclass(frozen=True, slots=True)
class Source:
    """A place that the run names. ``text`` and ``pages`` are the document's, None when it is gone.

    ``quote`` is the passage as it was when the answer was given.
    """

    document_id: uuid.UUID
    document_name: str
    page: int
    start: int
    end: int
    quote: str
    text: str | None
    pages: list[list[int]]
    is_printed: bool


def source_of(run: Run, document_id: object, *, start: int, end: int) -> Source:
    """What stands at this place. Raises NotFoundError where the run names no such place."""
    named = _named_place(run, str(document_id), start, end)
    if named is None:
        raise NotFoundError(_("This answer does not rest on that passage."))
    name, page, quote = named
    found = uuid.UUID(str(document_id))
    text, pages, is_printed = _text_of(run.organization_id, found)
    return Source(found, name, page, start, end, quote, text, pages, is_printed)


def _named_place(run: Run, document_id: str, start: int, end: int) -> tuple[str, int, str] | None:
    for citation in Citation.objects.filter(run=run, start=start, end=end):
        if str(citation.document_id) == document_id:
            return citation.document_name, citation.page, citation.quote
    for passage in passages_of(run):
        if (str(passage["document_id"]), passage["start"], passage["end"]) == (
            document_id,
            start,
            end,
        ):
            return passage["document_name"], passage["page"], passage["text"]
    return None


def passages_of(run: Run) -> list[dict[str, Any]]:
    """All passages that the run was shown, cited or not."""
    events = Answer.objects.filter(run=run).values_list("events", flat=True).first() or []
    return [
        passage
        for event in events
        if event.get("type") == "passages.found"
        for passage in event.get("passages", ())
    ]


def _text_of(
    organization_id: uuid.UUID, document_id: uuid.UUID
) -> tuple[str | None, list[list[int]], bool]:
    document = (
        Document.objects.within(organization_id)
        .select_related("active_version")
        .filter(pk=document_id)
        .first()
    )
    if document is None or document.active_version is None:
        return None, [], False
    try:
        stored = knowledge.document_text(organization_id, document_id)
    except NotFoundError:
        return None, [], False
    return stored.text, stored.pages, document.active_version.media_type == "application/pdf"
