"""A public app: its chat for people who are not signed in, on its page and in frames.

Whoever looks, member or not, is here a visitor and nothing more: what a visitor asked, only the
same visitor sees.
"""

from collections.abc import Callable, Sequence
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils import translation
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from altiplano.accounts.countries import country_name
from altiplano.kernel.database_threads import read_database
from altiplano.kernel.errors import DomainError
from altiplano.runs import event_log
from altiplano.runs.conversations import Turn, turns_up_to
from altiplano.runs.domain.cancelling import RunIsOverError, cancel_run
from altiplano.runs.domain.visiting import ask_as_visitor
from altiplano.runs.interfaces.asking import Wish, answer_ask, answer_turn, is_part, render_turn
from altiplano.runs.interfaces.following import follow_run
from altiplano.runs.interfaces.judging import Refusal, answer_judgement, answer_report
from altiplano.runs.interfaces.public_doors import (
    Visit,
    dress_frame,
    known_language,
    new_frame_visit,
    open_visit,
    remember_visitor,
    visited,
)
from altiplano.runs.models import Run
from altiplano.runs.visitors import public_disclosure_of, run_of_visitor
from altiplano.studio.public_apps import find_public_app


@require_http_methods(["GET", "HEAD", "POST"])
@visited
def chat(request: HttpRequest, visit: Visit) -> HttpResponse:
    """An empty conversation; a POST asks, and leads to the run's page where the answer grows."""
    if request.method != "POST":
        return _render_chat(request, visit, [])

    def ask(wish: Wish) -> Run:
        return ask_as_visitor(
            visitor=visit.visitor,
            question=wish.question,
            previous=_own_run(visit, wish.previous),
            instead_of=_own_run(visit, wish.instead_of),
        )

    def show_again(error: DomainError, wish: Wish) -> HttpResponse:
        origin = _own_run(visit, wish.instead_of or wish.previous)
        turns = turns_up_to(origin) if origin else []
        return _render_chat(request, visit, turns, question=wish.question, problem=error.message)

    response = answer_ask(request, visit.routes, ask, show_again)
    if response.status_code < 400:
        remember_visitor(response, visit)
    return response


@require_safe
@visited
def show_run(request: HttpRequest, visit: Visit, run_id: str) -> HttpResponse:
    """The conversation up to this run; its last turn alone for a page that is already there."""
    turns = turns_up_to(run_of_visitor(visit.visitor, run_id))
    if is_part(request):
        return render_turn(request, turns[-1], visit.routes)
    return _render_chat(request, visit, turns)


@require_POST
@visited
def cancel(request: HttpRequest, visit: Visit, run_id: str) -> HttpResponse:
    """The run stops; one that is over already stays as it is, which is what was wanted."""
    run = run_of_visitor(visit.visitor, run_id)
    try:
        cancelled = cancel_run(run)
    except RunIsOverError:
        pass
    else:
        event_log.announce_cancel(cancelled.id, cancelled.state)
    return _turn_again(request, visit, run_id)


@require_POST
@visited
def judge(request: HttpRequest, visit: Visit, run_id: str) -> HttpResponse:
    """The visitor's judgement is stored, changed or, with an empty verdict, taken back."""
    return _say_about(answer_judgement, request, visit, run_id)


@require_POST
@visited
def report(request: HttpRequest, visit: Visit, run_id: str) -> HttpResponse:
    """The visitor's report on the answer is stored, or changed while nobody has closed it."""
    return _say_about(answer_report, request, visit, run_id)


@require_safe
async def follow(
    request: HttpRequest, organization: str, app: str, run_id: str, key: str = ""
) -> HttpResponseBase:
    """The events of the visitor's own run, also when a cut is mended."""

    def find() -> tuple[Visit, Run]:
        visit = open_visit(request, organization, app, key)
        return visit, run_of_visitor(visit.visitor, run_id)

    visit, run = await read_database(find)
    after = request.headers.get("Last-Event-ID")
    return await follow_run(visit.visitor.principal, run, after=after)


@require_safe
def enter_frame(request: HttpRequest, organization: str, app: str) -> HttpResponse:
    """The chat as a website shows it, for a visitor that nobody was before."""
    public = find_public_app(organization, app)
    visit = new_frame_visit(public, known_language(request.GET.get("lang", "")))
    with translation.override(visit.frame_language):
        return dress_frame(request, _render_chat(request, visit, []), public)


def _own_run(visit: Visit, run_id: str) -> Run | None:
    return run_of_visitor(visit.visitor, run_id) if run_id else None


def _turn_again(request: HttpRequest, visit: Visit, run_id: str) -> HttpResponse:
    run = run_of_visitor(visit.visitor, run_id)
    return answer_turn(request, turns_up_to(run)[-1], visit.routes)


def _say_about(
    answer: Callable[..., HttpResponse], request: HttpRequest, visit: Visit, run_id: str
) -> HttpResponse:
    """What was posted about an answer; refused, it stands in the form again, with the reason."""
    run = run_of_visitor(visit.visitor, run_id)

    def turns() -> list[Turn]:
        return turns_up_to(run)

    def show_again(refusal: Refusal) -> HttpResponse:
        return _render_chat(request, visit, turns(), refusal=refusal)

    return answer(request, None, run, visit.routes, turns, show_again)


def _render_chat(
    request: HttpRequest,
    visit: Visit,
    turns: Sequence[Turn],
    *,
    question: str = "",
    problem: str = "",
    refusal: Refusal | None = None,
) -> HttpResponse:
    public = visit.public
    context: dict[str, Any] = {
        "public": public,
        "sharing": public.sharing,
        "examples": public.sharing.examples_for(translation.get_language() or ""),
        "country": country_name(public.organization.country),
        "visit": visit,
        "routes": visit.routes,
        "turns": turns,
        "question": question,
        "problem": problem,
        "refusal": refusal,
        "is_own": True,
        "disclosure": public_disclosure_of(public),
        "max_question_chars": settings.MAX_QUESTION_CHARS,
    }
    return render(request, "runs/public_chat.html", context)
