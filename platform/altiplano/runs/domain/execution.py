"""The worker's side of a run: it begins, its outcome is stored, or it fails without one.

All functions run inside the caller's transaction or open one; effects are fenced by the claim.
"""

import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from altiplano.catalog.domain.running import PluginUnavailableError, RunPlugin, plugins_for_run
from altiplano.kernel.database_threads import once_per_commit
from altiplano.kernel.jobs import JobClaim, fail_exhausted_job, finish_job
from altiplano.kernel.models import Job, JobState
from altiplano.runs.domain.claiming import claim_runs
from altiplano.runs.domain.evaluating import answering_pins, queue_evaluation
from altiplano.runs.domain.quota import add_tokens
from altiplano.runs.domain.usage import EndedRun, count_runs, ended_without_answer
from altiplano.runs.models import TERMINAL_STATES, Answer, Citation, Run, RunState
from altiplano.serving.domain.keys import UnreadableKeyError, open_key, tenant_salt
from altiplano.serving.models import ModelEndpoint
from altiplano.serving.queries import endpoint_usable_by
from altiplano_sdk.events import CitationAdded

ENDPOINT_GONE = "This app's model was removed or switched off. Choose another one for it."
WORKER_DIED = "The worker that answered this question stopped. Ask again."


@dataclass(frozen=True, slots=True)
class EngineAddress:
    """How to call the model of a run. ``repr`` shows no key."""

    base_url: str
    model: str
    provider: str
    context_tokens: int
    api_key: str = field(repr=False)
    salt: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class RunWork:
    """All that a worker needs to answer. ``problem`` says why it cannot, with its code: without
    an ``engine``, or when a plugin must not run any more. ``rights`` are those of whoever asks;
    ``decision`` goes on with a run that waited.
    """

    claim: JobClaim
    run_id: uuid.UUID
    organization_id: uuid.UUID
    question: str
    history: Sequence[Mapping[str, str]]
    pipeline: Mapping[str, Any]
    generations: Mapping[uuid.UUID, int]
    engine: EngineAddress | None
    problem: str = ""
    problem_code: str = "no_model_endpoint"
    plugins: tuple[RunPlugin, ...] = ()
    rights: frozenset[str] = frozenset()
    decision: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class StoredOutcome:
    """What is kept of a run. ``events`` are all but the terminal one, deltas without text.

    ``is_evaluated`` when evaluators are to judge the answer.
    """

    state: str
    answer: str = ""
    abstained: bool = False
    citations: Sequence[CitationAdded] = ()
    prompt_tokens: int = 0
    completion_tokens: int = 0
    timings: Mapping[str, float] = field(default_factory=dict)
    events: Sequence[Mapping[str, Any]] = ()
    prompt: Sequence[Mapping[str, str]] = ()
    waiting: Mapping[str, Any] = field(default_factory=dict)
    code: str = ""
    message: str = ""
    is_evaluated: bool = False


def begin_runs(limit: int) -> list[RunWork]:
    """At most ``limit`` runs are ours to answer, and are marked as running."""
    with transaction.atomic():
        claims = {claim.subject_id: claim for claim in claim_runs(limit)}
        if not claims:
            return []
        waiting = Run.unscoped.select_for_update().filter(id__in=claims, state=RunState.QUEUED)
        runs = {run.id: run for run in waiting}
        Run.unscoped.filter(id__in=runs).update(state=RunState.RUNNING)
        for run_id in claims.keys() - runs.keys():  # cancelled while they waited
            finish_job(claims[run_id])
        return [work_of(claims[run_id], run) for run_id, run in runs.items()]


def work_of(claim: JobClaim, run: Run) -> RunWork:
    """What it takes to answer the run; its evaluators come later and cannot keep it from that."""
    engine, problem = once_per_commit(
        ("engine", run.organization_id, run.spec["endpoint"]), lambda: _engine_of(run)
    )
    code = "no_model_endpoint"
    plugins: tuple[RunPlugin, ...] = ()
    if not problem and (pins := answering_pins(run.spec.get("plugins", ()))):
        try:
            plugins = plugins_for_run(run.organization_id, pins)
        except PluginUnavailableError as error:  # since it was asked
            problem, code = error.message, error.code
    return RunWork(
        claim=claim,
        run_id=run.id,
        organization_id=run.organization_id,
        question=run.question,
        history=run.history,
        pipeline=run.spec["pipeline"],
        generations={uuid.UUID(row["id"]): row["generation"] for row in run.spec["collections"]},
        engine=engine,
        problem=problem,
        problem_code=code,
        plugins=plugins,
        rights=frozenset(run.spec.get("rights", ())),
        decision=run.spec.get("decision"),
    )


def _engine_of(run: Run) -> tuple[EngineAddress | None, str]:
    endpoint = endpoint_usable_by(run.organization_id, uuid.UUID(run.spec["endpoint"]))
    if endpoint is None:
        return None, ENDPOINT_GONE
    try:
        return address_of(endpoint, run.organization_id), ""
    except UnreadableKeyError as error:
        return None, error.message


def address_of(endpoint: ModelEndpoint, organization_id: uuid.UUID) -> EngineAddress:
    """Raises UnreadableKeyError when the endpoint's key was sealed under another secret."""
    return EngineAddress(
        base_url=endpoint.base_url,
        model=endpoint.model,
        provider=endpoint.provider,
        context_tokens=endpoint.context_tokens,
        api_key=open_key(endpoint.sealed_key),
        salt=tenant_salt(organization_id),
    )


Ending = tuple[JobClaim, StoredOutcome]


def store_outcomes(endings: Sequence[Ending]) -> list[bool]:
    """Answer, citations, usage and last state of each run are stored together, once.

    For each run whether it was: False when its claim was lost or it was deleted meanwhile, and
    nothing of it is stored then. The job of a deleted run is done.
    """
    with transaction.atomic():
        epochs = dict(
            Job.objects.select_for_update()
            .filter(id__in=[claim.job_id for claim, _ in endings], state=JobState.RUNNING)
            .values_list("id", "epoch")
        )
        held = [ending for ending in endings if epochs.get(ending[0].job_id) == ending[0].epoch]
        now = timezone.now()
        Job.objects.filter(id__in=[claim.job_id for claim, _ in held]).update(
            state=JobState.DONE, finished_at=now, lease_until=None, reason=""
        )
        # Locked, so that none is deleted before what belongs to it is committed.
        living = {
            run.id: run
            for run in Run.unscoped.select_for_update(no_key=True)
            .filter(id__in=[claim.subject_id for claim, _ in held])
            .order_by("id")
            .only("id", "organization_id", "app_id", "user_id", "door", "created_at")
        }
        held = [ending for ending in held if ending[0].subject_id in living]
        _close_runs(held, now)
        Answer.objects.bulk_create(_answer_of(claim, outcome) for claim, outcome in held)
        Citation.objects.bulk_create(
            citation for claim, outcome in held for citation in _citations_of(claim, outcome)
        )
        _count_tokens(held)
        count_runs(_ended(living[claim.subject_id], outcome, now) for claim, outcome in held)
        for claim, outcome in held:
            if outcome.is_evaluated:
                queue_evaluation(claim.subject_id, organization_id=claim.organization_id)
    stored = {claim.job_id for claim, _ in held}
    return [claim.job_id in stored for claim, _ in endings]


def _close_runs(held: Sequence[Ending], now: datetime) -> None:
    """One UPDATE for all that ended alike."""
    alike: dict[tuple[str, str, str], list[uuid.UUID]] = {}
    for claim, outcome in held:
        key = (outcome.state, outcome.code[:40], outcome.message[:500])
        alike.setdefault(key, []).append(claim.subject_id)
    for (state, code, message), run_ids in alike.items():
        Run.unscoped.filter(id__in=run_ids).update(
            state=state, finished_at=now, error_code=code, error_message=message
        )


def _count_tokens(held: Sequence[Ending]) -> None:
    totals: dict[uuid.UUID, tuple[int, int]] = {}
    for claim, outcome in held:
        prompt, completion = totals.get(claim.organization_id, (0, 0))
        totals[claim.organization_id] = (
            prompt + outcome.prompt_tokens,
            completion + outcome.completion_tokens,
        )
    for organization_id, (prompt, completion) in sorted(totals.items()):  # the order of locks
        add_tokens(organization_id, prompt=prompt, completion=completion)


def _ended(run: Run, outcome: StoredOutcome, now: datetime) -> EndedRun:
    """The first word came as long after the question as people waited for it, queue included."""
    first, total = outcome.timings.get("first_token_ms"), outcome.timings.get("total_ms", 0.0)
    since_asked = (now - run.created_at) / timedelta(milliseconds=1)
    return EndedRun(
        organization_id=run.organization_id,
        app_id=run.app_id,
        user_id=run.user_id,
        door=run.door,
        asked_at=run.created_at,
        state=outcome.state,
        is_abstained=outcome.abstained,
        prompt_tokens=outcome.prompt_tokens,
        completion_tokens=outcome.completion_tokens,
        first_word_ms=max(first, since_asked - total + first) if first else None,
    )


def _answer_of(claim: JobClaim, outcome: StoredOutcome) -> Answer:
    return Answer(
        run_id=claim.subject_id,
        text=outcome.answer,
        is_abstained=outcome.abstained,
        prompt_tokens=outcome.prompt_tokens,
        completion_tokens=outcome.completion_tokens,
        timings=dict(outcome.timings),
        events=[dict(event) for event in outcome.events],
        prompt=[dict(message) for message in outcome.prompt],
        waiting=dict(outcome.waiting),
    )


def _citations_of(claim: JobClaim, outcome: StoredOutcome) -> Iterator[Citation]:
    for ordinal, citation in enumerate(outcome.citations):
        yield Citation(
            run_id=claim.subject_id,
            ordinal=ordinal,
            n=citation.n,
            chunk_id=citation.chunk_id,
            document_id=uuid.UUID(citation.document_id),
            document_name=citation.document_name[:255],
            page=citation.page,
            start=citation.start,
            end=citation.end,
            quote=citation.quote,
            answer_start=citation.answer_start,
            answer_end=citation.answer_end,
        )


@dataclass(frozen=True, slots=True)
class LeaseReport:
    """Of the runs a worker works on: which it has lost (deleted ones, too), which are cancelled."""

    lost: frozenset[uuid.UUID]
    cancelled: frozenset[uuid.UUID]


def renew_leases(claims: Sequence[JobClaim]) -> LeaseReport:
    """All leases run anew from now, in one UPDATE, but for those of lost claims."""
    until = timezone.now() + timedelta(seconds=settings.JOB_LEASE_SECONDS)
    epochs = {claim.job_id: claim.epoch for claim in claims}
    with transaction.atomic():
        held = {
            job_id
            for job_id, epoch in Job.objects.select_for_update()
            .filter(id__in=epochs, state=JobState.RUNNING)
            .values_list("id", "epoch")
            if epoch == epochs[job_id]
        }
        Job.objects.filter(id__in=held).update(lease_until=until)
        living = dict(
            Run.unscoped.filter(id__in=[claim.subject_id for claim in claims]).values_list(
                "id", "is_cancel_requested"
            )
        )
    cancelled = frozenset(run_id for run_id, is_cancelled in living.items() if is_cancelled)
    lost = frozenset(
        claim.subject_id
        for claim in claims
        if claim.job_id not in held or claim.subject_id not in living
    )
    return LeaseReport(lost=lost, cancelled=cancelled)


def fail_run_job(claim: JobClaim) -> Run | None:
    """The run of a job that died without a word has failed; None when someone else moved it.

    For the sweeper, which then tells the readers (``event_log.append_terminal_event``).
    """
    with transaction.atomic():
        if not fail_exhausted_job(claim, WORKER_DIED):
            return None
        updated = (
            Run.unscoped.filter(id=claim.subject_id)
            .exclude(state__in=TERMINAL_STATES)
            .update(
                state=RunState.FAILED,
                error_code="worker_died",
                error_message=WORKER_DIED,
                finished_at=timezone.now(),
            )
        )
        if not updated:
            return None
        run = Run.unscoped.get(id=claim.subject_id)
        count_runs([ended_without_answer(run)])
        return run
