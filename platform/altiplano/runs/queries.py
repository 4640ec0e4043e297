"""Reads of runs: what a person may see, and how a run is shown."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, cast

from django.core.exceptions import ValidationError
from django.db.models import Count, Exists, OuterRef, Q, QuerySet
from django.utils.translation import gettext_lazy as _

from altiplano.accounts.principal import Principal
from altiplano.kernel.errors import NotFoundError
from altiplano.kernel.models import Job, JobState
from altiplano.runs.jobs import ExecuteRun
from altiplano.runs.models import TERMINAL_STATES, Answer, Citation, Conversation, Run, RunState
from altiplano.studio.models import App

CITATION_FIELDS = (
    "n", "chunk_id", "document_id", "document_name", "page", "start", "end", "quote",
    "answer_start", "answer_end",
)  # fmt: skip
PASSAGE_FIELDS = ("chunk_id", "document_id", "document_name", "page", "start", "end", "text")
NEAREST_PASSAGES = 3


def runs_visible_to(principal: Principal) -> QuerySet[Run]:
    """A person's own runs; all of the organization's for those who may change its apps.

    Raises NotAllowedError for a key that may neither read nor ask.
    """
    if not principal.scopes & {"read", "run"}:
        principal.require("read")
    runs = Run.objects.within(principal.organization_id)
    return runs if {"read", "write"} <= principal.scopes else runs.filter(user_id=principal.user_id)


def get_visible_run(principal: Principal, run_id: object) -> Run:
    """The run, alike unknown whether it is not there, another's or no id at all."""
    try:
        return runs_visible_to(principal).get(pk=cast("uuid.UUID", run_id))
    except (Run.DoesNotExist, ValidationError, ValueError):
        raise NotFoundError(_("There is no such run in your organization.")) from None


def get_app(principal: Principal, app_id: object) -> App:
    """The organization's app, with its published version, in one query. Raises NotFoundError."""
    apps = App.objects.within(principal.organization_id).select_related("published_version")
    try:
        return apps.get(pk=cast("uuid.UUID", app_id))
    except (App.DoesNotExist, ValidationError, ValueError):
        raise NotFoundError(_("There is no such app in your organization.")) from None


def is_over(run: Run) -> bool:
    return run.state in TERMINAL_STATES


def conversations_of(
    principal: Principal, *, app: App | None = None, words: str = ""
) -> QuerySet[Conversation]:
    """The person's own conversations, the newest first, with the number of their ``questions``.

    Trials of a draft are not among them. ``words`` stand in the name, a question or an answer. Nobody sees another's, whatever the role.
    """
    found = Conversation.objects.within(principal.organization_id).filter(
        user=principal.user_id, is_trial=False
    )
    if app is not None:
        found = found.filter(app=app)
    if words:
        of_conversation = Run.unscoped.filter(conversation=OuterRef("pk"))
        said = of_conversation.filter(
            Q(question__icontains=words) | Q(answer__text__icontains=words)
        )
        found = found.filter(Q(title__icontains=words) | Exists(said))
    counted = found.select_related("app").annotate(questions=Count("runs"))
    return counted.order_by("-asked_at", "-id")


def get_conversation(principal: Principal, conversation_id: object) -> Conversation:
    """The person's own conversation; alike unknown when it is another's. Raises NotFoundError."""
    return Conversation.objects.get_within(
        principal.organization_id, conversation_id, user=principal.user_id
    )


def questions_before(run: Run) -> int:
    """How many questions were waiting already when this one came; some may still be overtaken."""
    waiting = Job.objects.filter(task=ExecuteRun.task, state=JobState.QUEUED)
    return waiting.filter(created_at__lt=run.created_at).count()


def show_run(run: Run) -> dict[str, Any]:
    """The run as the API answers it; two queries.

    ``answer`` is empty while the run is under way; of a cancelled or failed run it is what had
    been said. When the documents do not say, ``passages`` are the nearest ones.
    """
    answer = Answer.objects.filter(run_id=run.id).defer("prompt").first()
    citations = [] if answer is None else _show_citations(run)
    return {
        "id": str(run.id),
        "app_id": str(run.app_id),
        "state": run.state,
        "question": run.question,
        "answer": answer.text if answer else "",
        "abstained": bool(answer and answer.is_abstained),
        "citations": citations,
        "tools": tool_calls_of(answer),
        "waiting": waiting_call_of(answer),
        "evaluations": answer.evaluations if answer else [],
        "passages": show_nearest(nearest_passages(answer)),
        "usage": {
            "prompt_tokens": answer.prompt_tokens if answer else 0,
            "completion_tokens": answer.completion_tokens if answer else 0,
        },
        "timings": answer.timings if answer else {},
        "error": (
            {"code": run.error_code, "message": run.error_message}
            if run.state == RunState.FAILED
            else None
        ),
        "created_at": run.created_at.isoformat(),
        "finished_at": run.finished_at.isoformat() if run.finished_at else None,
    }


def tool_calls_of(answer: Answer | None) -> list[dict[str, Any]]:
    """Every tool call that the model wished, with what became of it, in their order."""
    calls: dict[int, dict[str, Any]] = {}
    for event in answer.events if answer else ():
        if event.get("type") == "tool.called":
            shown = {name: event[name] for name in ("call", "name", "plugin", "arguments")}
            calls[event["call"]] = {**shown, "state": "", "content": ""}
        elif event.get("type") == "tool.answered" and event["call"] in calls:
            calls[event["call"]] |= {"state": event["state"], "content": event["content"]}
    return list(calls.values())


def waiting_call_of(answer: Answer | None) -> dict[str, Any] | None:
    """The call that waits for the word of the person who asked; None once it was decided."""
    if answer is None or not answer.waiting or "is_yes" in answer.waiting:
        return None
    return {name: answer.waiting[name] for name in ("tool", "plugin", "arguments")}


def nearest_passages(answer: Answer | None) -> list[dict[str, Any]]:
    """What comes nearest to a question that the documents do not answer; else nothing."""
    if answer is None or not answer.is_abstained:
        return []
    for event in answer.events:
        if event.get("type") == "passages.found":
            return list(event.get("passages", ())[:NEAREST_PASSAGES])
    return []


def show_nearest(passages: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Of the passages that were found, those that are shown with an abstention."""
    return [_show_passage(passage) for passage in passages[:NEAREST_PASSAGES]]


def _show_passage(passage: dict[str, Any]) -> dict[str, Any]:
    """Where the passage stands and what it says; how it was scored is for the trace."""
    return {name: passage[name] for name in PASSAGE_FIELDS}


def _show_citations(run: Run) -> list[dict[str, Any]]:
    rows = Citation.objects.filter(run_id=run.id).order_by("ordinal").values(*CITATION_FIELDS)
    return [{**row, "document_id": str(row["document_id"])} for row in rows]


@dataclass(frozen=True, slots=True)
class FinishedStream:
    """What a late reader is told of a finished run: the run, and its events without gaps."""

    run: dict[str, Any]
    events: list[dict[str, Any]]


def finished_stream(run: Run) -> FinishedStream:
    """The events of a finished run, rebuilt from the database and numbered from 1.

    The deltas are one; everything else is as it was streamed. A run that never began, because its
    worker died or it was cancelled in the queue, has a first and a last event.
    """
    if run.state not in TERMINAL_STATES:
        raise ValueError("only a finished run can be replayed")
    shown = show_run(run)
    answer = Answer.objects.filter(run_id=run.id).defer("prompt").first()
    stored: list[dict[str, Any]] = list(answer.events) if answer else []
    events = _with_text(stored, answer.text if answer else "")
    if not events:
        events = [{"type": "run.started", "run_id": str(run.id)}]
    events.append(terminal_event_of(run, shown))
    return FinishedStream(
        run=shown, events=[{**event, "seq": seq} for seq, event in enumerate(events, start=1)]
    )


def _with_text(stored: list[dict[str, Any]], text: str) -> list[dict[str, Any]]:
    """The stored events with the whole text as one delta where the first delta was.

    ``Answer.events`` marks that place with a delta that has no text.
    """
    events: list[dict[str, Any]] = []
    is_said = False
    for event in stored:
        if event["type"] != "answer.delta":
            events.append(event)
        elif text and not is_said:
            events.append({**event, "text": text})
            is_said = True
    if is_said:
        # The one delta is the final text, whatever was streamed live.
        events = [
            {**event, "replaced": False} if event["type"] == "answer.finished" else event
            for event in events
        ]
    return events


def terminal_event_of(run: Run, shown: dict[str, Any]) -> dict[str, Any]:
    """The event that ends this run's stream, but for its number."""
    if run.state == RunState.FAILED:
        return {"type": "run.failed", "code": run.error_code, "message": run.error_message}
    if run.state == RunState.CANCELLED:
        return {"type": "run.cancelled"}
    return {"type": "run.finished", "usage": shown["usage"], "timings": shown["timings"]}
