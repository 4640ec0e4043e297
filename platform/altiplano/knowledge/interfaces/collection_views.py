"""Pages of collections: the list, one with its documents, its settings, its end."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_safe

from altiplano.accounts.interfaces.auth import member_required
from altiplano.accounts.principal import Principal
from altiplano.kernel.errors import ConflictError, InvalidInputError
from altiplano.kernel.forms import add_domain_errors
from altiplano.knowledge import queries
from altiplano.knowledge.domain import collections
from altiplano.knowledge.interfaces.forms import CollectionForm
from altiplano.knowledge.interfaces.table import table_context
from altiplano.knowledge.models import Collection


@require_safe
@member_required
def list_collections(request: HttpRequest, principal: Principal) -> HttpResponse:
    context = {
        "section": "collections",
        "collections": queries.collections_of(principal.organization_id),
        "may_write": "write" in principal.scopes,
    }
    return render(request, "knowledge/collection_list.html", context)


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
    status = 400 if form.is_bound and form.errors else 200
    return render(request, "knowledge/collection_form.html", {"form": form}, status=status)


@require_safe
@member_required
def show_collection(request: HttpRequest, principal: Principal, collection_id: str) -> HttpResponse:
    """The documents: the drop area, the table, and what can be done with them."""
    context = table_context(request, principal, collection_id) | {"tab": "documents"}
    return render(request, "knowledge/collection_detail.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@member_required
def change_collection(
    request: HttpRequest, principal: Principal, collection_id: str
) -> HttpResponse:
    """Name and language to change, what is stored to read, and the way to delete it."""
    summary = queries.collection_summary(principal.organization_id, collection_id)
    if request.method == "POST":
        principal.require("write")
    form = CollectionForm(
        request.POST if request.method == "POST" else None,
        initial={"name": summary.name, "language": summary.language},
    )
    if request.method == "POST" and form.is_valid():
        try:
            collections.change_collection(
                principal=principal, collection_id=collection_id, **form.cleaned_data
            )
        except (InvalidInputError, ConflictError) as error:
            add_domain_errors(form, error)
        else:
            messages.success(request, _("The changes are saved."))
            return redirect("knowledge:collection-settings", collection_id)
    context = {
        "tab": "settings",
        "collection": summary,
        "stored": Collection.objects.get_within(principal.organization_id, collection_id),
        "form": form,
        "may_write": "write" in principal.scopes,
    }
    status = 400 if form.is_bound else 200
    return render(request, "knowledge/collection_settings.html", context, status=status)


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
        return redirect("knowledge:collection-list")
    consequence = (
        ngettext(
            "The collection goes with its %(count)d document. Apps no longer answer from it.",
            "The collection goes with its %(count)d documents. Apps no longer answer from it.",
            collection.documents,
        )
        if collection.documents
        else _("The collection goes. It holds no document.")
    )
    context = {
        "what": _("Delete the collection"),
        "name": collection.name,
        "consequence": consequence % {"count": collection.documents},
        "cancel_url": reverse("knowledge:collection-settings", args=[collection_id]),
        "failed": request.method == "POST",
    }
    return render(request, "web/confirm.html", context, status=400 if context["failed"] else 200)
