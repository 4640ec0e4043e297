"""Trying a search: what the passages are that an app would be given for a question."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, get_args

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from altiplano.accounts.interfaces.auth import member_required
from altiplano.accounts.principal import Principal
from altiplano.kernel.errors import DomainError
from altiplano.knowledge import queries, search
from altiplano.knowledge.interfaces.excerpts import unwrap_lines
from altiplano.knowledge.interfaces.marking import Piece, mark_words
from altiplano.knowledge.search_wire import SearchHit

MODES: Final = {
    "hybrid": gettext_lazy("By meaning and by words"),
    "dense": gettext_lazy("By meaning"),
    "lexical": gettext_lazy("By words"),
}
SHOWN: Final = 8


@dataclass(frozen=True, slots=True)
class Found:
    """A hit with the question's words marked."""

    hit: SearchHit
    pieces: tuple[Piece, ...]


@require_safe
@member_required
def try_search(request: HttpRequest, principal: Principal, collection_id: str) -> HttpResponse:
    """The passages for ``q``, best first, or in a sentence why there are none."""
    question = request.GET.get("q", "")
    mode = request.GET.get("mode", "")
    if mode not in get_args(search.Mode):
        mode = "hybrid"
    context: dict[str, Any] = {
        "tab": "search",
        "collection": queries.collection_summary(principal.organization_id, collection_id),
        "question": question,
        "modes": [(value, label, value == mode) for value, label in MODES.items()],
        "max_chars": search.MAX_QUERY_CHARS,
        "may_write": "write" in principal.scopes,
    }
    status = 200
    if question.strip():
        try:
            result = search.search_collection(
                principal=principal,
                collection_id=collection_id,
                query=question,
                k=SHOWN,
                mode=mode,  # type: ignore[arg-type]
            )
        except DomainError as error:
            context["error"], status = error.message, error.status
        else:
            context["took_ms"] = round(result.took_ms)
            context["found"] = _found(principal, result.hits, question)
    return render(request, "knowledge/collection_search.html", context, status=status)


def _found(principal: Principal, hits: Sequence[SearchHit], question: str) -> list[Found]:
    """The hits as they are read: lines that only the width of a printed page broke flow on."""
    printed = queries.printed_documents(
        principal.organization_id, [hit.document_id for hit in hits]
    )
    shown = (unwrap_lines(hit.text) if hit.document_id in printed else hit.text for hit in hits)
    return [Found(hit, mark_words(text, question)) for hit, text in zip(hits, shown, strict=True)]
