"""The page on which a collection's plugins are chosen, and what its buttons do."""

from collections.abc import Mapping

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from altiplano.accounts.interfaces.auth import member_required
from altiplano.accounts.principal import Principal
from altiplano.catalog.config_fields import PREFIX
from altiplano.catalog.queries import usable_releases
from altiplano.catalog.typed_config import read_config, with_default
from altiplano.kernel.errors import DomainError, InvalidInputError
from altiplano.knowledge import queries
from altiplano.knowledge.domain.reading_choice import PARTS, Choice, change_reading, keep_embedder
from altiplano.knowledge.domain.rereading import read_again, stop_reading_again
from altiplano.knowledge.interfaces.reading_page import Attempt, build_page, schema_of
from altiplano.knowledge.models import Collection


@require_http_methods(["GET", "HEAD", "POST"])
@member_required
def choose_reading(request: HttpRequest, principal: Principal, collection_id: str) -> HttpResponse:
    """Each step as it is, one of them opened for change with ``?part=``; a POST stores that one."""
    if request.method == "POST":
        principal.require("write")
        return _store(request, principal, collection_id)
    part, plugin = request.GET.get("part", ""), request.GET.get("plugin")
    if "write" not in principal.scopes:
        part = ""
    return _render(request, principal, collection_id, part=part, plugin=plugin)


@require_safe
@member_required
def show_reading_progress(
    request: HttpRequest, principal: Principal, collection_id: str
) -> HttpResponse:
    """How far reading again and the next embedder are, for the page's script."""
    context = _context(principal, collection_id)
    return render(request, "knowledge/_reading_progress.html", context)


@require_POST
@member_required
def read_documents_again(
    request: HttpRequest, principal: Principal, collection_id: str
) -> HttpResponse:
    count = read_again(principal=principal, collection_id=collection_id)
    said = ngettext(
        "%(count)d document will be read again.", "%(count)d documents will be read again.", count
    )
    messages.success(request, said % {"count": count})
    return redirect("knowledge:collection-reading", collection_id)


@require_POST
@member_required
def stop_reading(request: HttpRequest, principal: Principal, collection_id: str) -> HttpResponse:
    """``what``: reading documents again, or the next embedder."""
    if request.POST.get("what") == "embedder":
        keep_embedder(principal=principal, collection_id=collection_id)
        messages.success(request, _("The search goes on as it was."))
    else:
        stop_reading_again(principal=principal, collection_id=collection_id)
        messages.success(request, _("What was not read again yet stays as it is."))
    return redirect("knowledge:collection-reading", collection_id)


def _store(request: HttpRequest, principal: Principal, collection_id: str) -> HttpResponse:
    part, plugin = request.POST.get("part", ""), request.POST.get("plugin", "")
    if part not in PARTS:
        raise InvalidInputError(_("Choose what is to be changed."))
    releases = usable_releases(principal.organization_id) or {}
    schema = schema_of(part, plugin, releases)
    typed = _typed(request.POST)
    if "reset" in request.POST:
        attempt = Attempt(with_default(schema, typed, request.POST["reset"]))
        return _render(request, principal, collection_id, part=part, plugin=plugin, attempt=attempt)
    said = read_config(schema, typed)
    try:
        if said.problems:
            raise InvalidInputError(_("Some settings do not fit the plugin."))
        change_reading(
            principal=principal,
            collection_id=collection_id,
            choices={part: Choice(plugin, said.config)},
        )
    except DomainError as error:
        if error.status in {403, 404}:
            raise
        return _render(
            request,
            principal,
            collection_id,
            part=part,
            plugin=plugin,
            attempt=Attempt(typed, said.problems, error.message),
            status=error.status,
        )
    messages.success(request, _("The changes are saved."))
    return redirect("knowledge:collection-reading", collection_id)


def _render(
    request: HttpRequest,
    principal: Principal,
    collection_id: str,
    *,
    part: str = "",
    plugin: str | None = None,
    attempt: Attempt | None = None,
    status: int = 200,
) -> HttpResponse:
    context = _context(principal, collection_id, part=part, plugin=plugin, attempt=attempt)
    return render(request, "knowledge/collection_reading.html", context, status=status)


def _context(
    principal: Principal,
    collection_id: str,
    *,
    part: str = "",
    plugin: str | None = None,
    attempt: Attempt | None = None,
) -> dict[str, object]:
    stored = Collection.objects.get_within(principal.organization_id, collection_id)
    return {
        "section": "collections",
        "tab": "reading",
        "collection": queries.collection_summary(principal.organization_id, collection_id),
        "page": build_page(stored, part=part, plugin=plugin, attempt=attempt),
        "may_write": "write" in principal.scopes,
    }


def _typed(data: QueryDict) -> Mapping[str, str]:
    return {name: str(value) for name, value in data.items() if name.startswith(PREFIX)}
