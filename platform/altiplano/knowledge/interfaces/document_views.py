"""Pages of one document: its text beside its picture, its report, and what is done with it."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from altiplano.accounts.interfaces.auth import member_required
from altiplano.accounts.principal import Principal
from altiplano.kernel.errors import DomainError
from altiplano.knowledge import pictures, queries
from altiplano.knowledge.domain import documents
from altiplano.knowledge.domain.deletion import discard_documents
from altiplano.knowledge.interfaces.downloads import StoredFile, original_file
from altiplano.knowledge.interfaces.excerpts import excerpt_at
from altiplano.knowledge.interfaces.marking import Mark
from altiplano.knowledge.interfaces.reading import Book, search_book
from altiplano.knowledge.interfaces.rows import report_of, row_of, version_rows
from altiplano.knowledge.models import Document

MAX_PHRASE_CHARS = 200


@require_safe
@member_required
def show_document(request: HttpRequest, principal: Principal, document_id: str) -> HttpResponse:
    """The document at a passage, a page or a hit; only the passage for a chat's source pane."""
    document = queries.document_with_versions(principal.organization_id, document_id)
    if request.headers.get("HX-Request"):
        return _show_source(request, principal, document)
    context: dict[str, Any] = {
        "document": document,
        "row": row_of(document),
        "may_write": "write" in principal.scopes,
        "versions": version_rows(queries.versions_of(principal.organization_id, document.id)),
        "report": report_of(document),
        "max_phrase": MAX_PHRASE_CHARS,
    }
    book = _book_of(principal, document)
    if book is not None:
        context |= _reader(request, principal, document, book)
    return render(request, "knowledge/document_detail.html", context)


def _book_of(principal: Principal, document: Document) -> Book | None:
    """What was read of the version that answers; None while there is nothing."""
    answering = document.active_version
    if answering is None:
        return None
    stored = queries.document_text(principal.organization_id, document.id)
    return Book(stored.text, stored.pages, is_printed=answering.media_type == pictures.PDF)


def _reader(
    request: HttpRequest, principal: Principal, document: Document, book: Book
) -> dict[str, Any]:
    """The sheet that the address asks for, with what is marked on it and how to go on."""
    passage = _passage(request, principal, document)
    phrase = " ".join(request.GET.get("q", "").split())[:MAX_PHRASE_CHARS]
    marks: list[Mark] = []
    context: dict[str, Any] = {"phrase": phrase}
    at = _number(request, "at")
    if phrase:
        page = _number(request, "page")
        near = book.sheet_of(page).start if page else 0
        found = search_book(book, phrase, hit=_number(request, "hit") or 0, near=near)
        context["found"], marks = found, found.marks()
        passage = found.place
    elif passage is not None:
        marks = [Mark(*passage, is_current=True)]
    if passage is not None:
        sheet = book.sheet_at(passage[0])
    elif at is not None:
        sheet = book.sheet_at(at)
    else:
        sheet = book.sheet_of(_number(request, "page") or 1)
    has_picture = pictures.can_be_drawn(document.active_version)
    return context | {
        "book": book,
        "sheet": sheet,
        "before": book.before(sheet),
        "after": book.after(sheet),
        "pieces": book.pieces(sheet, marks),
        "picture": _picture_query(document, passage, sheet.number) if has_picture else None,
    }


def _picture_query(
    document: Document, passage: tuple[int, int] | None, page: int
) -> dict[str, Any]:
    version = document.active_version
    marked = f"&start={passage[0]}&end={passage[1]}" if passage else ""
    return {"page": page, "query": f"v={version.number if version else 0}{marked}"}


def _passage(
    request: HttpRequest, principal: Principal, document: Document
) -> tuple[int, int] | None:
    """Where a citation points: ``?chunk=``, or ``?start=`` and ``?end=``; None for nonsense."""
    chunk_id = _number(request, "chunk")
    if chunk_id is not None:
        return queries.chunk_place(principal.organization_id, document.active_version_id, chunk_id)
    start, end = _number(request, "start"), _number(request, "end")
    if start is None or end is None or end <= start:
        return None
    return start, end


def _show_source(request: HttpRequest, principal: Principal, document: Document) -> HttpResponse:
    book = _book_of(principal, document)
    context: dict[str, Any] = {"document": document}
    if book is not None:
        start, end = _passage(request, principal, document) or (0, 0)
        context["excerpt"] = excerpt_at(
            book.text, book.pages, start=start, end=end, is_printed=book.is_printed
        )
    return render(request, "knowledge/_source.html", context)


def _number(request: HttpRequest, name: str) -> int | None:
    raw = request.GET.get(name, "")
    return int(raw) if raw.isascii() and raw.isdigit() and len(raw) < 10 else None


@require_safe
@member_required
def show_picture(
    request: HttpRequest, principal: Principal, document_id: str, page: int
) -> HttpResponseBase:
    """The page as it is printed, with a passage marked if the address names one.

    Nobody outside the organization learns that there is one, and no shared cache keeps it; a
    browser does, since a version never changes. The page's script, which an image tells nothing but
    that it failed, gets the reason as a sentence alone.
    """
    document = queries.document_with_versions(principal.organization_id, document_id)
    start, end = _number(request, "start"), _number(request, "end")
    passage = (start, end) if start is not None and end is not None and start < end else None
    try:
        path = pictures.picture_of_page(document, page=page, passage=passage)
    except DomainError as error:
        if not request.headers.get("HX-Request"):
            raise
        kind = "text/plain; charset=utf-8"
        return HttpResponse(error.message, content_type=kind, status=error.status)
    response = StoredFile(path.open("rb"), content_type="image/webp")
    response["Cache-Control"] = "private, max-age=86400"
    response["Vary"] = "Cookie"
    response["X-Content-Type-Options"] = "nosniff"
    response["Content-Security-Policy"] = "default-src 'none'; sandbox"
    return response


@require_safe
@member_required
def download(request: HttpRequest, principal: Principal, document_id: str) -> HttpResponseBase:
    """The file as it was uploaded, to be saved and never shown."""
    return original_file(queries.document_with_versions(principal.organization_id, document_id))


@require_POST
@member_required
def retry_document(request: HttpRequest, principal: Principal, document_id: str) -> HttpResponse:
    document = documents.retry_document(principal=principal, document_id=document_id)
    return redirect("knowledge:document-detail", document.id)


@require_POST
@member_required
def cancel_document(request: HttpRequest, principal: Principal, document_id: str) -> HttpResponse:
    document = documents.cancel_document(principal=principal, document_id=document_id)
    return redirect("knowledge:document-detail", document.id)


@require_POST
@member_required
def delete_document(request: HttpRequest, principal: Principal, document_id: str) -> HttpResponse:
    """Gone from every search; the collection's page offers to undo it for ten seconds."""
    principal.require("write")
    document = queries.document_with_versions(principal.organization_id, document_id)
    try:
        discard_documents(
            principal=principal,
            collection_id=document.collection_id,
            document_ids=[str(document.id)],
        )
    except DomainError as error:
        messages.error(request, error.message)
    return redirect("knowledge:collection-detail", document.collection_id)
