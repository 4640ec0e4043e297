"""What visitors see of the documents behind an answer of theirs."""

from functools import partial

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from altiplano.kernel.errors import NotFoundError
from altiplano.knowledge import queries as knowledge
from altiplano.knowledge.interfaces.excerpts import (
    Excerpt,
    excerpt_at,
    excerpt_of_page,
    unwrap_lines,
)
from altiplano.runs.interfaces.public_doors import Visit, visited, words_of
from altiplano.runs.interfaces.sources import render_source
from altiplano.runs.models import Run
from altiplano.runs.sources import Source, passages_of
from altiplano.runs.visitors import public_documents, run_of_visitor


@require_safe
@visited
def show_source(request: HttpRequest, visit: Visit, run_id: str, document_id: str) -> HttpResponse:
    """A passage that an answer to this visitor rests on, and nothing beyond it.

    Where visitors may open the documents, it stands in its surroundings.
    """
    run = run_of_visitor(visit.visitor, run_id)
    bounded = None if visit.public.sharing.opens_documents else partial(_within_passage, run)
    return render_source(
        request,
        run,
        document_id,
        visit.routes,
        excerpt_of=bounded,
        page="runs/public_source.html",
        words=words_of(visit),
    )


@require_safe
@visited
def show_document(request: HttpRequest, visit: Visit, document_id: str) -> HttpResponse:
    """The extracted text of a document, page by page, where the app's owner lets visitors read it."""
    if not visit.public.sharing.opens_documents:
        raise NotFoundError(_("Visitors of this app cannot open its documents."))
    found = knowledge.document_with_versions(visit.public.organization.id, document_id)
    if not public_documents(visit.public).filter(pk=found.pk).exists():
        raise NotFoundError(_("This app does not answer from that document."))
    stored = knowledge.document_text(found.organization_id, found.pk)
    version = found.active_version
    is_printed = version is not None and version.media_type == "application/pdf"
    start, end = _number(request, "start"), _number(request, "end")
    if start is not None and end is not None:
        excerpt = excerpt_at(stored.text, stored.pages, start=start, end=end, is_printed=is_printed)
    else:
        number = _number(request, "page") or 1
        excerpt = excerpt_of_page(stored.text, stored.pages, number=number, is_printed=is_printed)
    context = {
        **words_of(visit),
        "document": found,
        "excerpt": excerpt,
        "previous_page": excerpt.page - 1,
        "next_page": excerpt.page + 1 if excerpt.page < excerpt.pages else None,
        "address": request.path,
    }
    return render(request, "runs/public_document.html", context)


def _within_passage(run: Run, source: Source) -> Excerpt | None:
    """As much as the model was shown around the place; None where the text is no longer so."""
    if source.text is None or source.text[source.start : source.end] != source.quote:
        return None
    low, high = source.start, source.end
    for passage in passages_of(run):
        is_there = str(passage["document_id"]) == str(source.document_id)
        if is_there and passage["start"] <= source.start and source.end <= passage["end"]:
            low, high = passage["start"], passage["end"]
            break
    shown = source.text[low:high]
    if source.is_printed:
        shown = unwrap_lines(shown)
    return Excerpt(
        before=shown[: source.start - low],
        quote=shown[source.start - low : source.end - low],
        after=shown[source.end - low :],
        page=source.page,
        pages=max(len(source.pages), 1),
        is_cut_before=low > 0,
        is_cut_after=high < len(source.text),
    )


def _number(request: HttpRequest, name: str) -> int | None:
    raw = request.GET.get(name, "")
    return int(raw) if raw.isascii() and raw.isdigit() and len(raw) < 10 else None
