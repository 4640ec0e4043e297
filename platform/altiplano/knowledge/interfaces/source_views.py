"""The pages about a collection's sources, and what their buttons do."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from altiplano.accounts.interfaces.auth import member_required
from altiplano.accounts.principal import Principal
from altiplano.catalog.config_fields import PREFIX
from altiplano.catalog.typed_config import read_config, with_default
from altiplano.kernel.errors import DomainError, InvalidInputError
from altiplano.knowledge import queries
from altiplano.knowledge.domain import sources
from altiplano.knowledge.interfaces import source_pages
from altiplano.knowledge.interfaces.source_pages import Attempt
from altiplano.knowledge.source_models import Source


@require_http_methods(["GET", "HEAD", "POST"])
@member_required
def list_sources(request: HttpRequest, principal: Principal, collection_id: str) -> HttpResponse:
    """What there is, and with ``?plugin=`` the form of a new one; a POST adds it."""
    if request.method == "POST":
        principal.require("write")
        return _store(request, principal, collection_id=collection_id)
    plugin = request.GET.get("plugin", "")
    return _render_list(request, principal, collection_id, plugin=plugin)


@require_safe
@member_required
def show_progress(request: HttpRequest, principal: Principal, collection_id: str) -> HttpResponse:
    """How far the loads are, for the page's script."""
    context = _list_context(principal, collection_id)
    return render(request, "knowledge/_sources.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@member_required
def show_source(request: HttpRequest, principal: Principal, source_id: str) -> HttpResponse:
    """How the last load went, what is gone, and the form; a POST changes the source."""
    source = Source.objects.get_within(principal.organization_id, source_id)
    if request.method == "POST":
        principal.require("write")
        return _store(request, principal, source=source)
    return _render_source(request, principal, source)


@require_POST
@member_required
def load_source(request: HttpRequest, principal: Principal, source_id: str) -> HttpResponse:
    source = sources.load_source(principal=principal, source_id=source_id)
    return redirect("knowledge:collection-sources", source.collection_id)


@require_POST
@member_required
def stop_source(request: HttpRequest, principal: Principal, source_id: str) -> HttpResponse:
    source = sources.stop_source(principal=principal, source_id=source_id)
    messages.success(request, _("Loading was stopped. What has come stays."))
    return redirect("knowledge:collection-sources", source.collection_id)


@require_POST
@member_required
def delete_source(request: HttpRequest, principal: Principal, source_id: str) -> HttpResponse:
    """``documents``: keep or delete."""
    principal.require("write")
    source = Source.objects.get_within(principal.organization_id, source_id)
    count = sources.delete_source(
        principal=principal,
        source_id=source_id,
        with_documents=request.POST.get("documents") == "delete",
    )
    said = _("The source “%(name)s” is deleted.")
    if count:
        said = ngettext(
            "The source “%(name)s” is deleted, and %(count)d document with it.",
            "The source “%(name)s” is deleted, and %(count)d documents with it.",
            count,
        )
    messages.success(request, said % {"name": source.name, "count": count})
    return redirect("knowledge:collection-sources", source.collection_id)


def _store(
    request: HttpRequest,
    principal: Principal,
    *,
    collection_id: str = "",
    source: Source | None = None,
) -> HttpResponse:
    plugin = source.plugin if source is not None else request.POST.get("plugin", "")
    schema = source_pages.schema_of(plugin, source_pages.loaders_of(principal.organization_id))
    typed = _typed(request.POST)
    said = read_config(schema, typed)
    attempt = Attempt(
        name=request.POST.get("name", ""),
        reference=request.POST.get("reference", ""),
        repeat=request.POST.get("repeat", ""),
        typed=typed,
    )
    reset = request.POST.get("reset")
    if reset is not None:
        attempt = replace(attempt, typed=with_default(schema, typed, reset))
        return _again(request, principal, collection_id, source, plugin, attempt, 200)
    try:
        if said.problems:
            raise InvalidInputError(_("Some settings do not fit the plugin."))
        wish = sources.SourceWish(
            name=attempt.name,
            plugin=plugin,
            reference=source_pages.read_reference(attempt.reference),
            config=said.config,
            repeat=attempt.repeat,
        )
        if source is None:
            added = sources.add_source(principal=principal, collection_id=collection_id, wish=wish)
            messages.success(request, _("The source is added. Load it when you like."))
            return redirect("knowledge:collection-sources", added.collection_id)
        sources.change_source(principal=principal, source_id=source.id, wish=wish)
    except DomainError as error:
        if error.status in {403, 404}:
            raise
        attempt = replace(
            attempt, problems=said.problems, fields=error.fields, sentence=error.message
        )
        return _again(request, principal, collection_id, source, plugin, attempt, error.status)
    messages.success(request, _("The changes are saved."))
    return redirect("knowledge:source-detail", source.id)


def _again(
    request: HttpRequest,
    principal: Principal,
    collection_id: str,
    source: Source | None,
    plugin: str,
    attempt: Attempt,
    status: int,
) -> HttpResponse:
    if source is not None:
        return _render_source(request, principal, source, attempt=attempt, status=status)
    return _render_list(
        request, principal, collection_id, plugin=plugin, attempt=attempt, status=status
    )


def _list_context(principal: Principal, collection_id: str) -> dict[str, Any]:
    collection = queries.collection_summary(principal.organization_id, collection_id)
    loaders = source_pages.loaders_of(principal.organization_id)
    cards = source_pages.source_cards(
        principal.organization_id, loaders, collection_id=collection.id
    )
    return {
        "section": "collections",
        "tab": "sources",
        "collection": collection,
        "loaders": loaders,
        "cards": cards,
        "is_under_way": any(card.is_under_way for card in cards),
        "may_write": "write" in principal.scopes,
    }


def _render_list(
    request: HttpRequest,
    principal: Principal,
    collection_id: str,
    *,
    plugin: str = "",
    attempt: Attempt | None = None,
    status: int = 200,
) -> HttpResponse:
    context = _list_context(principal, collection_id)
    loaders: source_pages.Loaders = context["loaders"]
    context["options"] = source_pages.options_of(loaders)
    if context["may_write"] and (plugin in loaders or attempt is not None):
        context["form"] = source_pages.form_of(plugin, loaders, source=None, attempt=attempt)
    return render(request, "knowledge/collection_sources.html", context, status=status)


def _render_source(
    request: HttpRequest,
    principal: Principal,
    source: Source,
    *,
    attempt: Attempt | None = None,
    status: int = 200,
) -> HttpResponse:
    loaders = source_pages.loaders_of(principal.organization_id)
    (card,) = source_pages.source_cards(principal.organization_id, loaders, id=source.id)
    context = {
        "section": "collections",
        "tab": "sources",
        "collection": queries.collection_summary(
            principal.organization_id, str(source.collection_id)
        ),
        "card": card,
        "gone": source_pages.gone_documents(source),
        "form": source_pages.form_of(source.plugin, loaders, source=source, attempt=attempt),
        "may_write": "write" in principal.scopes,
    }
    return render(request, "knowledge/source_detail.html", context, status=status)


def _typed(data: QueryDict) -> Mapping[str, str]:
    return {name: str(data[name]) for name in data if name.startswith(PREFIX)}
