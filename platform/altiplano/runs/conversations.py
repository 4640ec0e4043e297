"""A run with the runs before it, as the conversation that a person reads."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from altiplano.accounts.principal import Principal
from altiplano.knowledge.queries import CollectionSummary, collections_of
from altiplano.runs import queries
from altiplano.runs.models import TERMINAL_STATES, Answer, Citation, Run, RunState
from altiplano.serving.domain.endpoints import NoEndpointError, choose_endpoint
from altiplano.serving.models import ModelEndpoint
from altiplano.studio.models import App

EARLIER_RUNS = 60
"""How far back the runs of a conversation are looked for; a history holds fewer messages."""
MAX_HISTORY_MESSAGES = 20
MAX_HISTORY_CHARS = 24_000
"""Well below what a run accepts, so that a long conversation goes on instead of ending."""


@dataclass(frozen=True, slots=True)
class Turn:
    """A question and what became of it. ``passages`` are the nearest ones of an abstention."""

    run: Run
    answer: Answer | None
    citations: tuple[Citation, ...]
    passages: tuple[dict[str, Any], ...]

    @property
    def is_over(self) -> bool:
        return self.run.state in TERMINAL_STATES


@dataclass(frozen=True, slots=True)
class Disclosure:
    """What a person is told before the first answer: from whom, from which documents, which model."""

    organization: str
    collections: tuple[CollectionSummary, ...]
    endpoint: ModelEndpoint | None

    @property
    def documents(self) -> int:
        return sum(collection.documents for collection in self.collections)


def conversation_of(principal: Principal, run_id: object) -> list[Turn]:
    """The run, last, and before it the same person's runs that its history repeats.

    Three queries, whatever the length. Raises NotFoundError.
    """
    run = queries.get_visible_run(principal, run_id)
    runs = [*_earlier_runs(run), run]
    answers = {answer.run_id: answer for answer in Answer.objects.filter(run__in=runs)}
    citations: dict[Any, list[Citation]] = {}
    for citation in Citation.objects.filter(run__in=runs).order_by("ordinal"):
        citations.setdefault(citation.run_id, []).append(citation)
    return [
        Turn(
            run=each,
            answer=answers.get(each.id),
            citations=tuple(citations.get(each.id, ())),
            passages=tuple(queries.nearest_passages(answers.get(each.id))),
        )
        for each in runs
    ]


def _earlier_runs(run: Run) -> list[Run]:
    """The runs whose questions make up the history, oldest first; it may reach further back."""
    wanted = [message["content"] for message in run.history if message["role"] == "user"]
    if not wanted or run.user_id is None:
        return []
    candidates = (
        Run.objects.within(run.organization_id)
        .filter(app_id=run.app_id, user_id=run.user_id, created_at__lt=run.created_at)
        .order_by("-created_at")[:EARLIER_RUNS]
    )
    found: list[Run] = []
    for candidate in candidates:
        if wanted and candidate.question == wanted[-1]:
            found.append(candidate)
            wanted.pop()
    return found[::-1]


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
    return Disclosure(
        organization=app.organization.name,
        collections=tuple(each for each in collections if each.id in ids),
        endpoint=endpoint,
    )
