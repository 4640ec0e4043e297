"""The pages on which people ask an app and read its answers."""

from collections.abc import Callable, Sequence

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from altiplano.accounts.interfaces.auth import member_required
from altiplano.accounts.principal import Principal
from altiplano.kernel.errors import DomainError, NotFoundError
from altiplano.runs import event_log, queries
from altiplano.runs.conversations import Turn, conversation_of, disclosure_of
from altiplano.runs.domain.cancelling import RunIsOverError, cancel_run
from altiplano.runs.domain.conversing import ask_in_conversation
from altiplano.runs.domain.deciding import decide_call
from altiplano.runs.domain.starting import VersionWish, prepare_run
from altiplano.runs.interfaces.allowance import allowance_sentence
from altiplano.runs.interfaces.asking import (
    Wish,
    answer_ask,
    answer_turn,
    is_part,
    render_turn,
)
from altiplano.runs.interfaces.chat_routes import member_routes
from altiplano.runs.interfaces.judging import Refusal, answer_judgement, answer_report
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
        return ask_in_conversation(
            lambda history: prepare_run(
                principal=principal,
                app=app,
                question=wish.question,
                history=history,
                version=_version_wish(principal, app),
            ),
            previous=_own_run(principal, wish.previous),
            instead_of=_own_run(principal, wish.instead_of),
        )

    def show_again(error: DomainError, wish: Wish) -> HttpResponse:
        origin = wish.instead_of or wish.previous
        turns = conversation_of(principal, origin) if origin else []
        return _render_chat(
            request, principal, app, turns, question=wish.question, problem=error.message
        )

    return answer_ask(request, member_routes(app.id), ask, show_again)


def _own_run(principal: Principal, run_id: str) -> Run | None:
    """The run that the person goes on from: only their own, whatever else they may see."""
    if not run_id:
        return None
    run = queries.get_visible_run(principal, run_id)
    if run.user_id != principal.user_id:
        raise NotFoundError(_("You can only go on with a conversation of your own."))
    return run


@require_safe
@member_required
def show_run(request: HttpRequest, principal: Principal, run_id: str) -> HttpResponse:
    """The conversation up to this run; its last turn alone for a page that is already there."""
    turns = conversation_of(principal, run_id)
    if is_part(request):
        return render_turn(request, turns[-1], member_routes(turns[-1].run.app_id))
    app = App.objects.get_within(principal.organization_id, turns[-1].run.app_id)
    if request.GET.get("view") == "reading":
        routes = member_routes(app.id)
        page = routes.of_run(turns[-1].run.id).page
        context = {"app": app, "turns": turns, "routes": routes, "page": page}
        return render(request, "runs/reading.html", context)
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
    problem: str = "",
    refusal: Refusal | None = None,
) -> HttpResponse:
    conversation = turns[-1].run.conversation if turns else None
    context = {
        "app": app,
        "routes": member_routes(app.id),
        "turns": turns,
        "question": question,
        "problem": problem,
        "refusal": refusal,
        "conversation": conversation,
        "allowance": allowance_sentence(principal.organization_id),
        "is_own": not turns or turns[-1].run.user_id == principal.user_id,
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
    return answer_turn(request, conversation_of(principal, run_id)[-1], member_routes(run.app_id))


@require_POST
@member_required
def decide(request: HttpRequest, principal: Principal, run_id: str) -> HttpResponse:
    """``yes`` is 1 when the waiting call is to be made; the chat goes on with the new run."""
    run = queries.get_visible_run(principal, run_id)
    is_yes = request.POST.get("yes") == "1"
    going_on = decide_call(principal=principal, run=run, is_yes=is_yes)
    return redirect(member_routes(run.app_id).of_run(going_on.id).page)


@require_POST
@member_required
def judge(request: HttpRequest, principal: Principal, run_id: str) -> HttpResponse:
    """The person's judgement is stored, changed or, with an empty verdict, taken back."""
    return _say_about(answer_judgement, request, principal, run_id)


@require_POST
@member_required
def report(request: HttpRequest, principal: Principal, run_id: str) -> HttpResponse:
    """The person's report on the answer is stored, or changed while nobody has closed it."""
    return _say_about(answer_report, request, principal, run_id)


def _say_about(
    answer: Callable[..., HttpResponse], request: HttpRequest, principal: Principal, run_id: str
) -> HttpResponse:
    """What was posted about an answer; refused, it stands in the form again, with the reason."""
    run = queries.get_visible_run(principal, run_id)

    def turns() -> list[Turn]:
        return conversation_of(principal, run_id)

    def show_again(refusal: Refusal) -> HttpResponse:
        app = App.objects.get_within(principal.organization_id, run.app_id)
        return _render_chat(request, principal, app, turns(), refusal=refusal)

    return answer(request, principal, run, member_routes(run.app_id), turns, show_again)
