"""The pages on which people ask an app and read its answers."""

from collections.abc import Sequence

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from altiplano.accounts.interfaces.auth import member_required
from altiplano.accounts.principal import Principal
from altiplano.kernel.errors import DomainError
from altiplano.runs import event_log, queries
from altiplano.runs.conversations import Turn, conversation_of, disclosure_of, history_after
from altiplano.runs.domain.cancelling import RunIsOverError, cancel_run
from altiplano.runs.domain.feedback import give_feedback
from altiplano.runs.domain.starting import VersionWish, start_run
from altiplano.runs.interfaces.asking import Wish, answer_ask, is_part
from altiplano.runs.interfaces.chat_routes import member_routes
from altiplano.runs.models import Run
from altiplano.studio.models import App


@require_http_methods(["GET", "HEAD", "POST"])
@member_required
def chat(request: HttpRequest, principal: Principal, app_id: str) -> HttpResponse:
    """An empty conversation; a POST asks, and leads to the run's page where the answer grows."""
    app = App.objects.get_within(principal.organization_id, app_id)
    if request.method != "POST":
        return _render_chat(request, principal, app, [])

    def ask(wish: Wish) -> Run:
        turns = conversation_of(principal, wish.previous) if wish.previous else []
        return start_run(
            principal=principal,
            app=app,
            question=wish.question,
            history=history_after(turns),
            version=_version_wish(principal, app),
        )

    def show_again(error: DomainError, wish: Wish) -> HttpResponse:
        turns = conversation_of(principal, wish.previous) if wish.previous else []
        messages.error(request, error.message)
        return _render_chat(request, principal, app, turns, question=wish.question)

    return answer_ask(request, member_routes(app.id), ask, show_again)


@require_safe
@member_required
def show_run(request: HttpRequest, principal: Principal, run_id: str) -> HttpResponse:
    """The conversation up to this run; its last turn alone for a page that is already there."""
    turns = conversation_of(principal, run_id)
    if is_part(request):
        routes = member_routes(turns[-1].run.app_id)
        return render(request, "runs/_turn.html", {"turn": turns[-1], "routes": routes})
    app = App.objects.get_within(principal.organization_id, turns[-1].run.app_id)
    return _render_chat(request, principal, app, turns)


def _version_wish(principal: Principal, app: App) -> VersionWish:
    """What is published; before the first publication those who build the app ask its draft."""
    has_no_public = app.published_version_id is None
    return "draft" if has_no_public and "write" in principal.scopes else None


def _render_chat(
    request: HttpRequest,
    principal: Principal,
    app: App,
    turns: Sequence[Turn],
    *,
    question: str = "",
) -> HttpResponse:
    context = {
        "app": app,
        "routes": member_routes(app.id),
        "turns": turns,
        "question": question,
        "disclosure": disclosure_of(app),
        "may_write": "write" in principal.scopes,
        "max_question_chars": settings.MAX_QUESTION_CHARS,
    }
    return render(request, "runs/chat.html", context)


@require_POST
@member_required
def cancel(request: HttpRequest, principal: Principal, run_id: str) -> HttpResponse:
    """The run stops; one that is over already stays as it is, which is what was wanted."""
    run = queries.get_visible_run(principal, run_id)
    try:
        cancelled = cancel_run(run)
    except RunIsOverError:
        pass
    else:
        event_log.announce_cancel(cancelled.id, cancelled.state)
    return redirect("runs:run-detail", run.id)


@require_POST
@member_required
def judge(request: HttpRequest, principal: Principal, run_id: str) -> HttpResponse:
    run = queries.get_visible_run(principal, run_id)
    give_feedback(principal=principal, run=run, verdict=request.POST.get("verdict", ""))
    messages.success(request, _("Thank you. Your judgement is stored with the answer."))
    return redirect("runs:run-detail", run.id)
