"""A person's own conversations: find one, go on with it, call it something, delete it."""

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from altiplano.accounts.interfaces.auth import member_required
from altiplano.accounts.principal import Principal
from altiplano.kernel.errors import InvalidInputError
from altiplano.runs import queries
from altiplano.runs.domain.conversing import delete_conversation, rename_conversation
from altiplano.studio.models import App

PAGE_SIZE = 25
MAX_SEARCH_CHARS = 200


@require_safe
@member_required
def list_conversations(request: HttpRequest, principal: Principal) -> HttpResponse:
    """The newest first; ``app`` and ``q`` narrow the list."""
    app_id = request.GET.get("app", "")
    app = App.objects.get_within(principal.organization_id, app_id) if app_id else None
    q = request.GET.get("q", "").strip()[:MAX_SEARCH_CHARS]
    found = queries.conversations_of(principal, app=app, words=q)
    page = Paginator(found, PAGE_SIZE).get_page(request.GET.get("page"))
    return render(request, "runs/conversations.html", {"app": app, "q": q, "page": page})


@require_safe
@member_required
def open_conversation(
    request: HttpRequest, principal: Principal, conversation_id: str
) -> HttpResponse:
    """Where it ended last."""
    conversation = queries.get_conversation(principal, conversation_id)
    newest = conversation.runs.order_by("-created_at", "-id").first()
    if newest is None:
        return redirect("runs:chat", conversation.app_id)
    return redirect("runs:run-detail", newest.id)


@require_POST
@member_required
def rename(request: HttpRequest, principal: Principal, conversation_id: str) -> HttpResponse:
    conversation = queries.get_conversation(principal, conversation_id)
    title, after = request.POST.get("title", ""), _next_of(request)
    try:
        rename_conversation(conversation=conversation, title=title)
    except InvalidInputError as error:
        context = {"title": title, "problem": error.message, "next": after}
        return render(request, "runs/conversation_rename.html", context, status=error.status)
    return redirect(after or "runs:conversations")


@require_http_methods(["GET", "HEAD", "POST"])
@member_required
def delete(request: HttpRequest, principal: Principal, conversation_id: str) -> HttpResponse:
    conversation = queries.get_conversation(principal, conversation_id)
    if request.method == "POST":
        delete_conversation(conversation=conversation)
        messages.success(request, _("“%(name)s” is deleted.") % {"name": conversation.title})
        return redirect("runs:conversations")
    context = {"conversation": conversation, "questions": conversation.runs.count()}
    return render(request, "runs/conversation_delete.html", context)


def _next_of(request: HttpRequest) -> str:
    """Where the form was, if that is on this site."""
    after = request.POST.get("next", "")
    hosts = {request.get_host()}
    return after if url_has_allowed_host_and_scheme(after, hosts, request.is_secure()) else ""
