"""Pages of collections and documents."""

from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from altiplano.accounts.interfaces.auth import member_required
from altiplano.accounts.principal import Principal
from altiplano.kernel.errors import ConflictError, DomainError, InvalidInputError
from altiplano.kernel.forms import add_domain_errors
from altiplano.knowledge import queries
from altiplano.knowledge.domain import collections, documents
from altiplano.knowledge.domain.receiving import receive_documents
from altiplano.knowledge.interfaces.excerpts import excerpt_at, excerpt_of_page
from altiplano.knowledge.interfaces.forms import CollectionForm
from altiplano.knowledge.interfaces.rows import row_of
from altiplano.knowledge.interfaces.uploads import uploads_of

DOCUMENTS_PER_PAGE = 50


@require_http_methods(["GET", "HEAD", "POST"])
@member_required
def add_collection(request: HttpRequest, principal: Principal) -> HttpResponse:
    principal.require("write")
    form = CollectionForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            collection = collections.create_collection(principal=principal, **form.cleaned_data)
        except (InvalidInputError, ConflictError) as error:
            add_domain_errors(form, error)
        else:
            return redirect("knowledge:collection-detail", collection.id)
    return render(request, "knowledge/collection_form.html", {"form": form})


@require_safe
@member_required
def show_collection(request: HttpRequest, principal: Principal, collection_id: str) -> HttpResponse:
    context = _table_context(request, principal, collection_id)
    return render(request, "knowledge/collection_detail.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@member_required
def list_documents(request: HttpRequest, principal: Principal, collection_id: str) -> HttpResponse:
    """The table of documents alone, for a page that follows them; a POST uploads first."""
    if request.method == "POST":
        _receive(request, principal, collection_id)
        if not request.headers.get("HX-Request"):
            return redirect("knowledge:collection-detail", collection_id)
    context = _table_context(request, principal, collection_id)
    return render(request, "knowledge/_documents.html", context | {"is_part": True})


def _receive(request: HttpRequest, principal: Principal, collection_id: str) -> None:
    """What became of the upload is in the messages, in sentences."""
    try:
        received = receive_documents(
            principal=principal, collection_id=collection_id, uploads=uploads_of(request)
        )
    except DomainError as error:
        messages.error(request, error.message)
        return
    rows = [row_of(document) for document in received]
    refused = [row for row in rows if row.state == "failed"]
    if taken := len(rows) - len(refused):
        sentence = ngettext(
            "%(count)d document is on its way.", "%(count)d documents are on their way.", taken
        )
        messages.success(request, sentence % {"count": taken})
    for row in refused:
        messages.error(request, f"{row.name}: {row.reason}")


def _table_context(
    request: HttpRequest, principal: Principal, collection_id: str
) -> dict[str, Any]:
    listed = queries.documents_in(principal.organization_id, collection_id)
    page = Paginator(listed, DOCUMENTS_PER_PAGE).get_page(request.GET.get("page"))
    return {
        "collection": queries.collection_summary(principal.organization_id, collection_id),
        "page": page,
        "rows": [row_of(document) for document in page.object_list],
        "may_write": "write" in principal.scopes,
    }


@require_http_methods(["GET", "HEAD", "POST"])
@member_required
def delete_collection(
    request: HttpRequest, principal: Principal, collection_id: str
) -> HttpResponse:
    principal.require("write")
    collection = queries.collection_summary(principal.organization_id, collection_id)
    is_confirmed = request.POST.get("name", "").strip() == collection.name
    if request.method == "POST" and is_confirmed:
        collections.delete_collection(principal=principal, collection_id=collection_id)
        messages.success(
            request, _("The collection “%(name)s” is deleted.") % {"name": collection.name}
        )
        return redirect("studio:home")
    consequence = ngettext(
        "The collection goes with its %(count)d document. Apps no longer answer from it.",
        "The collection goes with its %(count)d documents. Apps no longer answer from it.",
        collection.documents,
    )
    context = {
        "what": _("Delete the collection"),
        "name": collection.name,
        "consequence": consequence % {"count": collection.documents},
        "cancel_url": reverse("knowledge:collection-detail", args=[collection_id]),
        "failed": request.method == "POST",
    }
    return render(request, "web/confirm.html", context)


@require_safe
@member_required
def show_document(request: HttpRequest, principal: Principal, document_id: str) -> HttpResponse:
    """The extracted text at a passage, or page by page; without the frame for the source pane."""
    document = queries.document_with_versions(principal.organization_id, document_id)
    context: dict[str, Any] = {
        "document": document,
        "row": row_of(document),
        "may_write": "write" in principal.scopes,
    }
    if document.active_version_id:
        stored = queries.document_text(principal.organization_id, document_id)
        answering = document.active_version
        is_printed = answering is not None and answering.media_type == "application/pdf"
        start, end = _number(request, "start"), _number(request, "end")
        if start is not None and end is not None:
            context["excerpt"] = excerpt_at(
                stored.text, stored.pages, start=start, end=end, is_printed=is_printed
            )
        else:
            number = _number(request, "page") or 1
            context["excerpt"] = excerpt_of_page(
                stored.text, stored.pages, number=number, is_printed=is_printed
            )
    is_part = bool(request.headers.get("HX-Request"))
    template = "knowledge/_source.html" if is_part else "knowledge/document_detail.html"
    return render(request, template, context)


def _number(request: HttpRequest, name: str) -> int | None:
    raw = request.GET.get(name, "")
    return int(raw) if raw.isascii() and raw.isdigit() and len(raw) < 10 else None


@require_POST
@member_required
def retry_document(request: HttpRequest, principal: Principal, document_id: str) -> HttpResponse:
    document = documents.retry_document(principal=principal, document_id=document_id)
    return redirect("knowledge:collection-detail", document.collection_id)


@require_POST
@member_required
def cancel_document(request: HttpRequest, principal: Principal, document_id: str) -> HttpResponse:
    document = documents.cancel_document(principal=principal, document_id=document_id)
    return redirect("knowledge:collection-detail", document.collection_id)


@require_http_methods(["GET", "HEAD", "POST"])
@member_required
def delete_document(request: HttpRequest, principal: Principal, document_id: str) -> HttpResponse:
    principal.require("write")
    document = queries.document_with_versions(principal.organization_id, document_id)
    is_confirmed = request.POST.get("name", "").strip() == document.name
    if request.method == "POST" and is_confirmed:
        documents.delete_document(principal=principal, document_id=document_id)
        messages.success(request, _("“%(name)s” is deleted.") % {"name": document.name})
        return redirect("knowledge:collection-detail", document.collection_id)
    context = {
        "what": _("Delete the document"),
        "name": document.name,
        "consequence": _("From now on, no search and no answer finds anything in it."),
        "cancel_url": reverse("knowledge:collection-detail", args=[document.collection_id]),
        "failed": request.method == "POST",
    }
    return render(request, "web/confirm.html", context)
