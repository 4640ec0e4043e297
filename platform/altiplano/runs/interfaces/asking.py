"""What a chat answers when something is posted to it, by a form or by the chat's script."""

from collections.abc import Callable
from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from altiplano.kernel.errors import DomainError, NotAllowedError, NotFoundError
from altiplano.runs.conversations import Turn
from altiplano.runs.interfaces.chat_routes import ChatRoutes
from altiplano.runs.models import Run


@dataclass(frozen=True, slots=True)
class Wish:
    """What the form says: the question, and where in the conversation it stands.

    ``previous`` is the id of the run it goes on from, ``instead_of`` of the run whose place it
    takes; both are as the client sent them.
    """

    question: str
    previous: str
    instead_of: str


def read_wish(request: HttpRequest) -> Wish:
    return Wish(
        question=request.POST.get("input", ""),
        previous=request.POST.get("previous", ""),
        instead_of=request.POST.get("instead_of", ""),
    )


def is_part(request: HttpRequest) -> bool:
    """Whether the chat's script asks, for a part of a page that is already there."""
    return bool(request.headers.get("HX-Request"))


def answer_ask(
    request: HttpRequest,
    routes: ChatRoutes,
    ask: Callable[[Wish], Run],
    show_again: Callable[[DomainError, Wish], HttpResponse],
) -> HttpResponse:
    """The run that ``ask`` makes of the question: its new turn for the script, else its page.

    A refusal is a sentence for the script; for a form ``show_again`` renders the chat with the
    text in it. Who may not ask here at all, or names a run of somebody else, learns that from the
    error as everywhere.
    """
    wish = read_wish(request)
    try:
        run = ask(wish)
    except (NotAllowedError, NotFoundError):
        raise
    except DomainError as error:
        response = say_refusal(error) if is_part(request) else show_again(error, wish)
        response.status_code = error.status
        if error.retry_after is not None:
            response["Retry-After"] = str(error.retry_after)
        return response
    here = routes.of_run(run.id)
    if not is_part(request):
        return redirect(here.page)
    response = render_turn(request, Turn(run=run), routes, status=201)
    response["Location"] = here.page
    return response


def answer_turn(request: HttpRequest, turn: Turn, routes: ChatRoutes) -> HttpResponse:
    """After something was done to the turn: the turn again for the script, else its page."""
    if is_part(request):
        return render_turn(request, turn, routes)
    return redirect(f"{routes.of_run(turn.run.id).page}#run-{turn.run.id}")


def render_turn(
    request: HttpRequest, turn: Turn, routes: ChatRoutes, *, status: int = 200
) -> HttpResponse:
    return render(request, "runs/_turn.html", {"turn": turn, "routes": routes}, status=status)


def say_refusal(error: DomainError) -> HttpResponse:
    """For the chat's script: the sentence alone, which it puts where the reader is."""
    return HttpResponse(
        error.message, content_type="text/plain; charset=utf-8", status=error.status
    )
