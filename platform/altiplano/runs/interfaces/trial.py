"""Trying a draft beside its pipeline: the chat of the builder, with how each answer came about.

The page itself belongs to the studio, which knows nothing of runs; it shows what
:func:`trial_of` gives it (:mod:`altiplano.studio.trial`).
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST, require_safe

from altiplano.accounts.interfaces.auth import member_required
from altiplano.accounts.principal import Principal
from altiplano.kernel.errors import DomainError, NotFoundError
from altiplano.runs import queries
from altiplano.runs.conversations import Turn, conversation_of
from altiplano.runs.domain.conversing import ask_in_conversation
from altiplano.runs.domain.deciding import decide_call
from altiplano.runs.domain.starting import prepare_run
from altiplano.runs.interfaces.asking import Wish, answer_ask, is_part, render_turn
from altiplano.runs.interfaces.chat_routes import RUN, ChatRoutes, member_routes, pattern
from altiplano.runs.judgements import evaluations_of
from altiplano.runs.models import Run
from altiplano.runs.tracing import trace_of
from altiplano.studio.models import App
from altiplano.studio.trial import Trial


def trial_of(principal: Principal, app: App, run_id: str) -> Trial:
    """The conversation up to ``run_id`` with the trace of its last answer; else an empty one."""
    turns = _turns_of(principal, app, run_id)
    context = _context(app, turns)
    if turns and turns[-1].is_over:
        context["trace"] = trace_of(turns[-1].run)
        context["evaluations"] = evaluations_of(turns[-1].run)
    run = turns[-1].run.id if turns else None
    return Trial("runs/_trial.html", "runs/_trial_head.html", context, run)


@require_POST
@member_required
def ask_draft(request: HttpRequest, principal: Principal, app_id: str) -> HttpResponse:
    """The draft as it is now is asked; without script the builder shows the answer."""
    principal.require("write")
    app = App.objects.get_within(principal.organization_id, app_id)

    def ask(wish: Wish) -> Run:
        return ask_in_conversation(
            lambda history: prepare_run(
                principal=principal,
                app=app,
                question=wish.question,
                history=history,
                version="draft",
            ),
            previous=_own_run(principal, wish.previous),
            instead_of=_own_run(principal, wish.instead_of),
            is_trial=True,
        )

    def show_again(error: DomainError, wish: Wish) -> HttpResponse:
        turns = _turns_of(principal, app, wish.instead_of or wish.previous)
        context = _context(app, turns) | {"question": wish.question, "problem": error.message}
        return render(request, "runs/trial.html", context)

    return answer_ask(request, trial_routes(app), ask, show_again)


@require_safe
@member_required
def show_trial(
    request: HttpRequest, principal: Principal, app_id: str, run_id: str
) -> HttpResponse:
    """The last turn for the chat's script; for everybody else the builder with the conversation."""
    principal.require("write")
    app = App.objects.get_within(principal.organization_id, app_id)
    if is_part(request):
        turns = conversation_of(principal, run_id)
        return render_turn(request, turns[-1], trial_routes(app))
    return redirect(f"{reverse('studio:build', args=[app.id])}?{urlencode({'run': run_id})}")


@require_POST
@member_required
def decide_in_trial(
    request: HttpRequest, principal: Principal, app_id: str, run_id: str
) -> HttpResponse:
    """As a decision in the chat; the trial goes on beside the builder's form."""
    principal.require("write")
    app = App.objects.get_within(principal.organization_id, app_id)
    run = queries.get_visible_run(principal, run_id)
    if run.app_id != app.id:
        raise NotFoundError(_("There is no such run in your organization."))
    going_on = decide_call(principal=principal, run=run, is_yes=request.POST.get("yes") == "1")
    return redirect(trial_routes(app).of_run(going_on.id).page)


def trial_routes(app: App) -> ChatRoutes:
    """The member's chat, but that the draft is asked and that nobody judges a trial."""
    return replace(
        member_routes(app.id),
        new=reverse("studio:build", args=[app.id]),
        ask=reverse("runs:trial", args=[app.id]),
        run=pattern("runs:trial-run", app.id, RUN),
        decision=pattern("runs:trial-decide", app.id, RUN),
        feedback="",
        report="",
        trace="",
    )


def _context(app: App, turns: Sequence[Turn]) -> dict[str, Any]:
    return {
        "app": app,
        "routes": trial_routes(app),
        "trace_address": pattern("runs:run-trace", RUN),
        "turns": turns,
        "question": "",
        "max_question_chars": settings.MAX_QUESTION_CHARS,
    }


def _turns_of(principal: Principal, app: App, run_id: str) -> list[Turn]:
    if not run_id:
        return []
    try:
        run = _own_run(principal, run_id)
        turns = conversation_of(principal, run_id)
    except NotFoundError:
        return []
    return turns if run is not None and run.app_id == app.id else []


def _own_run(principal: Principal, run_id: str) -> Run | None:
    """The run that the person goes on from; that of somebody else is as good as none."""
    if not run_id:
        return None
    run = queries.get_visible_run(principal, run_id)
    return run if run.user_id == principal.user_id else None
