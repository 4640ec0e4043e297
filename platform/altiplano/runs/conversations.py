"""A run with the runs before it, as the conversation that a person reads."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Q

from altiplano.accounts.principal import Principal
from altiplano.knowledge.models import Document
from altiplano.knowledge.queries import CollectionSummary, collections_of
from altiplano.runs import queries
from altiplano.runs.models import (
    TERMINAL_STATES,
    Answer,
    Citation,
    Feedback,
    Report,
    ReportState,
    Run,
    RunState,
)
from altiplano.serving.domain.endpoints import NoEndpointError, choose_endpoint
from altiplano.serving.models import ModelEndpoint
from altiplano.studio.models import App

MAX_HISTORY_MESSAGES = 20
MAX_HISTORY_CHARS = 24_000
"""Well below what a run accepts, so that a long conversation goes on instead of ending."""


@dataclass(frozen=True, slots=True)
class Turn:
    """A question and what became of it.

    ``passages`` are the nearest ones of an abstention, ``feedback`` and ``report`` the reader's own.
    ``versions`` are runs, this one among them, that ask the same or better at this place: each
    leads to the end of what came after it. Only one is none. ``before`` is how many questions wait
    before it.
    """

    run: Run
    answer: Answer | None = None
    citations: tuple[Citation, ...] = ()
    passages: tuple[dict[str, Any], ...] = ()
    feedback: Feedback | None = None
    report: Report | None = None
    versions: tuple[Version, ...] = ()
    before: int = 0

    @property
    def sources(self) -> list[Citation]:
        """Each place that the answer rests on once, in the order of their numbers."""
        places = {(each.n, each.start, each.end): each for each in reversed(self.citations)}
        return [places[key] for key in sorted(places)]

    @property
    def is_over(self) -> bool:
        return self.run.state in TERMINAL_STATES

    @property
    def waiting(self) -> dict[str, Any] | None:
        """The tool call that waits for the word of the person who asked."""
        return queries.waiting_call_of(self.answer)


@dataclass(frozen=True, slots=True)
class Version:
    """One of several wordings of a question. ``run_id`` is where its conversation ends."""

    run_id: uuid.UUID
    is_shown: bool


@dataclass(frozen=True, slots=True)
class Disclosure:
    """What a person is told before the first answer: from whom, from which documents, which model.

    ``documents`` counts those that can be answered from: not what failed, nor what is still read.
    """

    organization: str
    collections: tuple[CollectionSummary, ...]
    documents: int
    endpoint: ModelEndpoint | None


def conversation_of(principal: Principal, run_id: object) -> list[Turn]:
    """The run, last, and before it those that it goes on from. Raises NotFoundError."""
    return turns_up_to(queries.get_visible_run(principal, run_id), reader_id=principal.user_id)


def turns_up_to(run: Run, *, reader_id: uuid.UUID | None = None) -> list[Turn]:
    """The turns of the run's conversation from the first one to this.

    ``reader_id`` is whose judgement and report are shown, None the visitor's of a public app. Five
    queries at most, whatever the length, and one more for a run that waits.
    """
    kin = _kin_of(run)
    runs = _path_to(run, kin)
    answered = Answer.objects.filter(run__in=runs).defer("prompt", "timings")
    answers = {answer.run_id: answer for answer in answered}
    citations: dict[uuid.UUID, list[Citation]] = {}
    for citation in Citation.objects.filter(run__in=runs).order_by("ordinal"):
        citations.setdefault(citation.run_id, []).append(citation)
    of_reader = Q(user_id=reader_id)
    judged = Feedback.objects.within(run.organization_id).filter(of_reader, run__in=runs)
    feedback = {each.run_id: each for each in judged}
    reported = Report.objects.within(run.organization_id).filter(
        of_reader, run__in=runs, state=ReportState.OPEN
    )
    reports = {each.run_id: each for each in reported}
    return [
        Turn(
            run=each,
            answer=answers.get(each.id),
            citations=tuple(citations.get(each.id, ())),
            passages=tuple(queries.nearest_passages(answers.get(each.id))),
            feedback=feedback.get(each.id),
            report=reports.get(each.id),
            versions=_versions_of(each, kin),
            before=queries.questions_before(each) if each.state == RunState.QUEUED else 0,
        )
        for each in runs
    ]


def _kin_of(run: Run) -> list[Run]:
    """All runs of its conversation, the oldest first."""
    if run.conversation_id is None:
        return [run]
    runs = Run.objects.within(run.organization_id).filter(conversation_id=run.conversation_id)
    return list(runs.defer("spec", "history").order_by("created_at", "id"))


def _path_to(run: Run, kin: Sequence[Run]) -> list[Run]:
    by_id: dict[uuid.UUID | None, Run] = {each.id: each for each in kin}
    path = [run]
    while (before := by_id.get(path[-1].previous_id)) is not None:
        path.append(before)
    return path[::-1]


def _versions_of(run: Run, kin: Sequence[Run]) -> tuple[Version, ...]:
    siblings = [each for each in kin if each.previous_id == run.previous_id]
    if len(siblings) < 2:
        return ()
    return tuple(Version(_end_of(each, kin).id, each.id == run.id) for each in siblings)


def _end_of(run: Run, kin: Sequence[Run]) -> Run:
    """Where the run's conversation ended last, following the newest wording at each place."""
    while after := [each for each in kin if each.previous_id == run.id]:
        run = after[-1]
    return run


def history_after(turns: Sequence[Turn]) -> list[dict[str, str]]:
    """What the next question of this conversation sends along: its latest answered turns."""
    history: list[dict[str, str]] = []
    chars = 0
    for turn in reversed(turns):
        if turn.answer is None or not turn.answer.text or turn.run.state != RunState.FINISHED:
            continue
        chars += len(turn.run.question) + len(turn.answer.text)
        if len(history) >= MAX_HISTORY_MESSAGES or chars > MAX_HISTORY_CHARS:
            break
        history.append({"role": "assistant", "content": turn.answer.text})
        history.append({"role": "user", "content": turn.run.question})
    return history[::-1]


def disclosure_of(app: App) -> Disclosure:
    """Who answers here, from what, and with which model, as it is now."""
    ids = set(app.collections.values_list("id", flat=True))
    try:
        endpoint = choose_endpoint(organization_id=app.organization_id, endpoint_id=app.endpoint_id)
    except NoEndpointError:
        endpoint = None
    collections = collections_of(app.organization_id) if ids else []
    readable = Document.objects.within(app.organization_id).filter(
        collection_id__in=ids, active_version__isnull=False
    )
    return Disclosure(
        organization=app.organization.name,
        collections=tuple(each for each in collections if each.id in ids),
        documents=readable.count() if ids else 0,
        endpoint=endpoint,
    )
