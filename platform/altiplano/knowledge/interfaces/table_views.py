"""What happens on a collection's page: files arrive, rows change, documents go and come back."""

from collections.abc import Callable
from typing import Any, Final

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from altiplano.accounts.interfaces.auth import member_required
from altiplano.accounts.principal import Principal
from altiplano.kernel.errors import DomainError, InvalidInputError
from altiplano.knowledge import queries
from altiplano.knowledge.domain import documents
from altiplano.knowledge.domain.deletion import discard_documents, restore_documents
from altiplano.knowledge.domain.receiving import receive_documents
from altiplano.knowledge.interfaces.rows import DocumentRow, row_of
from altiplano.knowledge.interfaces.table import (
    DOCUMENTS_PER_PAGE,
    changes_since,
    table_context,
)
from altiplano.knowledge.interfaces.uploads import uploads_of

PART: Final = "X-Part"
"""A page's script asks with this header for the table alone instead of a whole page."""


@require_http_methods(["GET", "HEAD", "POST"])
@member_required
def list_documents(request: HttpRequest, principal: Principal, collection_id: str) -> HttpResponse:
    """The table alone; a POST uploads, and answers a script with what became of each file."""
    if request.method != "POST":
        return _show_table(request, principal, collection_id)
    try:
        principal.require("write")
        received = receive_documents(
            principal=principal, collection_id=collection_id, uploads=uploads_of(request)
        )
    except DomainError as error:
        if not _is_script(request):
            if error.status in {403, 404}:
                raise
            messages.error(request, error.message)
            return _back(request, collection_id)
        return JsonResponse({"error": error.message}, status=error.status)
    rows = [row_of(document) for document in received]
    if _is_script(request):
        return JsonResponse({"files": [_outcome(row) for row in rows]}, status=201)
    _tell_what_arrived(request, rows)
    return _back(request, collection_id)


def _outcome(row: DocumentRow) -> dict[str, str]:
    """One file's line in the list of uploads, once it is here."""
    if row.state == "failed":
        return {"name": row.name, "state": "failed", "text": row.reason}
    if row.state == "ready":  # it was here before the request
        return {"name": row.name, "state": "ready", "text": _("This file was here already.")}
    text = _("Arrived; the new version is being read.") if row.version > 1 else _("Arrived.")
    return {"name": row.name, "state": "queued", "text": text}


def _tell_what_arrived(request: HttpRequest, rows: list[DocumentRow]) -> None:
    refused = [row for row in rows if row.state == "failed"]
    if taken := len(rows) - len(refused):
        sentence = ngettext(
            "%(count)d document is on its way.", "%(count)d documents are on their way.", taken
        )
        messages.success(request, sentence % {"count": taken})
    for row in refused:
        messages.error(request, f"{row.name}: {row.reason}")


@require_safe
@member_required
def show_changes(request: HttpRequest, principal: Principal, collection_id: str) -> HttpResponse:
    """Rows that changed since the page was drawn, for its script."""
    response = JsonResponse(changes_since(request, principal, collection_id))
    response["Cache-Control"] = "private, no-store"
    return response


def _delete(principal: Principal, collection_id: str, ids: list[str]) -> int:
    discard_documents(principal=principal, collection_id=collection_id, document_ids=ids)
    return len(ids)


def _each(act: Callable[..., Any]) -> Callable[[Principal, str, list[str]], int]:
    """Done to each document for itself: one that is ready meanwhile does not stop the others."""

    def act_on_all(principal: Principal, collection_id: str, ids: list[str]) -> int:
        known = queries.documents_in(principal.organization_id, collection_id)
        done, refusal = 0, None
        for document_id in ids:
            try:
                document = queries.document_with_versions(principal.organization_id, document_id)
                if known.filter(pk=document.pk).exists():
                    act(principal=principal, document_id=document.pk)
                    done += 1
            except DomainError as error:
                refusal = error
        if refusal is not None and not done:
            raise refusal
        return done

    return act_on_all


ACTIONS: Final[dict[str, Callable[[Principal, str, list[str]], int]]] = {
    "delete": _delete,
    "retry": _each(documents.retry_document),
    "cancel": _each(documents.cancel_document),
}


@require_POST
@member_required
def act_on_documents(
    request: HttpRequest, principal: Principal, collection_id: str
) -> HttpResponse:
    """Delete, retry or cancel: the one row whose button was pressed, or all that are chosen."""
    principal.require("write")
    queries.collection_summary(principal.organization_id, collection_id)
    action, _colon, only = request.POST.get("only", "").partition(":")
    ids = [only] if only else request.POST.getlist("document")[:DOCUMENTS_PER_PAGE]
    act = ACTIONS.get(action if only else request.POST.get("action", ""))
    try:
        if act is None or not ids:
            raise InvalidInputError(gettext_lazy("Choose at least one document."))
        act(principal, collection_id, ids)
    except DomainError as error:
        messages.error(request, error.message)
    return _after(request, principal, collection_id)


@require_POST
@member_required
def undo_deletion(request: HttpRequest, principal: Principal, collection_id: str) -> HttpResponse:
    """What was deleted together is back, or the page says why not."""
    principal.require("write")
    queries.collection_summary(principal.organization_id, collection_id)
    try:
        restored = restore_documents(
            principal=principal, deletion_id=request.POST.get("deletion", "")
        )
    except DomainError as error:
        messages.error(request, error.message)
    else:
        _tell_what_is_back(request, restored.count, restored.names_taken)
    return _after(request, principal, collection_id)


def _tell_what_is_back(request: HttpRequest, count: int, names_taken: tuple[str, ...]) -> None:
    if count:
        sentence = ngettext("%(count)d document is back.", "%(count)d documents are back.", count)
        messages.success(request, sentence % {"count": count})
    for name in names_taken:
        sentence = _("“%(name)s” stays deleted: a newer document has taken its name.")
        messages.warning(request, sentence % {"name": name})


def _is_script(request: HttpRequest) -> bool:
    return PART in request.headers


def _after(request: HttpRequest, principal: Principal, collection_id: str) -> HttpResponse:
    if _is_script(request):
        return _show_table(request, principal, collection_id)
    return _back(request, collection_id)


def _show_table(request: HttpRequest, principal: Principal, collection_id: str) -> HttpResponse:
    context = table_context(request, principal, collection_id) | {"is_part": True}
    return render(request, "knowledge/_documents.html", context)


def _back(request: HttpRequest, collection_id: str) -> HttpResponse:
    """To the list as it was sorted and filtered, if the form said how."""
    page = reverse("knowledge:collection-detail", args=[collection_id])
    query = request.GET.urlencode()
    return redirect(f"{page}?{query}" if query else page)
