"""What a reader posts about an answer, whoever the reader is."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from django.http import HttpRequest, HttpResponse

from altiplano.accounts.principal import Principal
from altiplano.kernel.errors import DomainError, NotAllowedError, NotFoundError
from altiplano.runs.conversations import Turn
from altiplano.runs.domain.feedback import give_feedback, withdraw_feedback
from altiplano.runs.domain.reports import report_answer
from altiplano.runs.interfaces.asking import answer_turn, is_part, say_refusal
from altiplano.runs.interfaces.chat_routes import ChatRoutes
from altiplano.runs.models import Run

JUDGEMENT: Final = "judgement"
REPORT: Final = "report"


@dataclass(frozen=True, slots=True)
class Draft:
    """What the form about an answer shows: what is stored, or what was refused and why.

    ``field`` is the name of the one that ``problem`` is about; empty where it is about the whole.
    """

    verdict: str = ""
    reason: str = ""
    text: str = ""
    problem: str = ""
    field: str = ""


@dataclass(frozen=True, slots=True)
class Refusal:
    """What a reader said about the answer of the run ``run_id`` and what kept it from being stored."""

    run_id: object
    about: str
    draft: Draft


def draft_of(turn: Turn, about: str, refusal: Refusal | None) -> Draft:
    """The reader's words about this turn: those just refused, else those stored, else none."""
    if refusal is not None and (refusal.run_id, refusal.about) == (turn.run.id, about):
        return refusal.draft
    if about == REPORT:
        report = turn.report
        return Draft(reason=report.reason, text=report.text) if report else Draft()
    own = turn.feedback
    return Draft(own.verdict, own.reason, own.comment) if own else Draft()


def answer_judgement(
    request: HttpRequest,
    principal: Principal | None,
    run: Run,
    routes: ChatRoutes,
    turns: Callable[[], Sequence[Turn]],
    show_again: Callable[[Refusal], HttpResponse],
) -> HttpResponse:
    """``verdict``, ``reason`` and ``comment`` are the reader's; an empty verdict takes it back.

    ``principal`` is None for the visitor who asked. The answer is the turn as it is now, the last
    of ``turns``; after a refusal what ``show_again`` makes of it, a sentence for the script.
    """
    draft = Draft(
        verdict=request.POST.get("verdict", ""),
        reason=request.POST.get("reason", ""),
        text=request.POST.get("comment", "").strip(),
    )

    def store() -> None:
        if not draft.verdict:
            withdraw_feedback(principal=principal, run=run)
            return
        give_feedback(
            principal=principal,
            run=run,
            verdict=draft.verdict,
            reason=draft.reason,
            comment=draft.text,
        )

    refused = _store(request, run, JUDGEMENT, draft, store, show_again)
    return refused or answer_turn(request, turns()[-1], routes)


def answer_report(
    request: HttpRequest,
    principal: Principal | None,
    run: Run,
    routes: ChatRoutes,
    turns: Callable[[], Sequence[Turn]],
    show_again: Callable[[Refusal], HttpResponse],
) -> HttpResponse:
    """The answer is reported for ``reason`` with ``text``; the rest as :func:`answer_judgement`."""
    draft = Draft(reason=request.POST.get("reason", ""), text=request.POST.get("text", ""))

    def store() -> None:
        report_answer(principal=principal, run=run, reason=draft.reason, text=draft.text)

    refused = _store(request, run, REPORT, draft, store, show_again)
    return refused or answer_turn(request, turns()[-1], routes)


def _store(
    request: HttpRequest,
    run: Run,
    about: str,
    draft: Draft,
    store: Callable[[], None],
    show_again: Callable[[Refusal], HttpResponse],
) -> HttpResponse | None:
    """None after it was stored. Who may not judge here learns that from the error as everywhere."""
    try:
        store()
    except (NotAllowedError, NotFoundError):
        raise
    except DomainError as error:
        if is_part(request):
            return say_refusal(error)
        field = next(iter(error.fields), "")
        told = Draft(draft.verdict, draft.reason, draft.text, error.message, field)
        response = show_again(Refusal(run.id, about, told))
        response.status_code = error.status
        return response
    return None
