"""The table of a collection's documents: as a page, as a part of one, and as single rows."""

import uuid
from typing import Any

from django.core.paginator import Paginator
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from altiplano.accounts.principal import Principal
from altiplano.knowledge import queries
from altiplano.knowledge.document_list import (
    NEWEST_FIRST,
    Selection,
    chunks_to_embed,
    deletions_to_undo,
    select_documents,
)
from altiplano.knowledge.interfaces.rows import row_of

DOCUMENTS_PER_PAGE = 50
MAX_WATCHED = DOCUMENTS_PER_PAGE
"""Rows that a page may ask about at once: as many as it shows."""

COLUMNS = {
    "name": gettext_lazy("Document"),
    "state": gettext_lazy("State"),
    "pages": gettext_lazy("Pages"),
    "size": gettext_lazy("Size"),
    "added": gettext_lazy("Added"),
}
FILTERS = {
    "": gettext_lazy("All"),
    "working": gettext_lazy("On their way"),
    "ready": gettext_lazy("Ready"),
    "failed": gettext_lazy("Failed"),
    "cancelled": gettext_lazy("Cancelled"),
}


def selection_of(request: HttpRequest) -> Selection:
    return Selection.read(
        search=request.GET.get("search", ""),
        state=request.GET.get("state", ""),
        order=request.GET.get("order", ""),
    )


def table_context(request: HttpRequest, principal: Principal, collection_id: str) -> dict[str, Any]:
    """Everything that ``_documents.html`` shows, in a number of queries that does not grow."""
    organization_id = principal.organization_id
    selection = selection_of(request)
    collection = queries.collection_summary(organization_id, collection_id)
    listed = select_documents(organization_id, collection_id, selection)
    page = Paginator(listed, DOCUMENTS_PER_PAGE).get_page(request.GET.get("page"))
    may_write = "write" in principal.scopes
    return {
        "collection": collection,
        "selection": selection,
        "columns": _columns(selection),
        "filters": [(value, label, value == selection.state) for value, label in FILTERS.items()],
        "page": page,
        "rows": [row_of(document) for document in page.object_list],
        "waiting": chunks_to_embed(organization_id, collection_id) if collection.unfinished else 0,
        "deletions": deletions_to_undo(organization_id, collection.id) if may_write else [],
        "may_write": may_write,
        "query": request.GET.urlencode(),
    }


def _columns(selection: Selection) -> list[dict[str, str]]:
    """Each heading with the order that a click on it asks for."""
    columns = []
    for key, label in COLUMNS.items():
        is_sorted = selection.order.removeprefix("-") == key
        is_down = selection.order.startswith("-")
        first = NEWEST_FIRST if key == "added" else key
        columns.append(
            {
                "key": key,
                "label": str(label),
                "order": (key if is_down else f"-{key}") if is_sorted else first,
                "sort": ("descending" if is_down else "ascending") if is_sorted else "",
                "kind": "number" if key in {"pages", "size"} else "",
            }
        )
    return columns


def changes_since(request: HttpRequest, principal: Principal, collection_id: str) -> dict[str, Any]:
    """The rows that look different from what the page says it shows, and the summary.

    The page sends ``row=ID.STAMP`` for each row that it watches.
    """
    organization_id = principal.organization_id
    seen = {
        document_id: stamp
        for raw in request.GET.getlist("row")[:MAX_WATCHED]
        for document_id, _dot, stamp in [raw.partition(".")]
    }
    collection = queries.collection_summary(organization_id, collection_id)
    listed = queries.documents_in(organization_id, collection_id)
    wanted = [key for key in seen if _is_id(key)]
    rows = {str(row.id): row for row in map(row_of, listed.filter(pk__in=wanted))}
    context = {"collection": collection, "may_write": "write" in principal.scopes}
    return {
        "rows": {
            key: render_to_string("knowledge/_row.html", context | {"row": row}, request)
            for key, row in rows.items()
            if row.stamp != seen[key]
        },
        "gone": [key for key in wanted if key not in rows],
        "summary": render_to_string("knowledge/_summary.html", context, request),
        "status": _status(collection.unfinished),
        "waiting": chunks_to_embed(organization_id, collection_id) if collection.unfinished else 0,
        "unfinished": collection.unfinished,
    }


def _status(unfinished: int) -> str:
    return "" if unfinished else _("All documents have been read.")


def _is_id(raw: str) -> bool:
    try:
        return str(uuid.UUID(raw)) == raw
    except ValueError:
        return False
