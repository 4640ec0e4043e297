"""The worker's side of a run: it begins, its outcome is stored, or it fails without one.

All functions run inside the caller's transaction or open one; effects are fenced by the claim.
"""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from altiplano.kernel.jobs import (
    JobClaim,
    claim_job,
    claim_job_by_id,
    fail_exhausted_job,
    finish_job,
    hold_claim,
)
from altiplano.kernel.models import Job, JobState
from altiplano.runs.domain.quota import add_tokens
from altiplano.runs.jobs import ExecuteRun
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
    """All that a worker needs to answer. Without an ``engine``, ``problem`` says why."""

    claim: JobClaim
    run_id: uuid.UUID
    organization_id: uuid.UUID
    question: str
    history: Sequence[Mapping[str, str]]
    pipeline: Mapping[str, Any]
    generations: Mapping[uuid.UUID, int]
    engine: EngineAddress | None
    problem: str = ""


@dataclass(frozen=True, slots=True)
class StoredOutcome:
    """What is kept of a run. ``events`` are all but the terminal one, deltas without text."""

    state: str
    answer: str = ""
    abstained: bool = False
    citations: Sequence[CitationAdded] = ()
    prompt_tokens: int = 0
    completion_tokens: int = 0
    timings: Mapping[str, float] = field(default_factory=dict)
    events: Sequence[Mapping[str, Any]] = ()
    code: str = ""
    message: str = ""


def begin_run(job_id: uuid.UUID, *, fair: bool = False) -> RunWork | None:
    """A run is ours to answer, and is marked as running; None when there is nothing to do.

    ``job_id`` is a hint: with ``fair``, or when its job is taken, the next one by fair share
    between organizations is claimed instead, because there are as many messages as jobs.
    """
    with transaction.atomic():
        claim = (None if fair else claim_job_by_id(job_id)) or claim_job(ExecuteRun.task)
        if claim is None:
            return None
        begun = Run.unscoped.filter(id=claim.subject_id, state=RunState.QUEUED).update(
            state=RunState.RUNNING
        )
        if not begun:  # cancelled while it waited
            finish_job(claim)
            return None
        run = Run.unscoped.get(id=claim.subject_id)
        engine, problem = _engine_of(run)
        return RunWork(
            claim=claim,
            run_id=run.id,
            organization_id=run.organization_id,
            question=run.question,
            history=run.history,
            pipeline=run.spec["pipeline"],
            generations={
                uuid.UUID(row["id"]): row["generation"] for row in run.spec["collections"]
            },
            engine=engine,
            problem=problem,
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


def store_outcome(claim: JobClaim, outcome: StoredOutcome) -> None:
    """Answer, citations, usage and the run's last state are stored together, once.

    Raises LostClaimError when the run is no longer ours; nothing is stored then.
    """
    with transaction.atomic():
        hold_claim(claim)
        updated = Run.unscoped.filter(id=claim.subject_id, state=RunState.RUNNING).update(
            state=outcome.state,
            finished_at=timezone.now(),
            error_code=outcome.code[:40],
            error_message=outcome.message[:500],
        )
        if updated:
            _store_answer(claim.subject_id, outcome)
            add_tokens(
                claim.organization_id,
                prompt=outcome.prompt_tokens,
                completion=outcome.completion_tokens,
            )
        finish_job(claim)


def _store_answer(run_id: uuid.UUID, outcome: StoredOutcome) -> None:
    Answer(
        run_id=run_id,
        text=outcome.answer,
        is_abstained=outcome.abstained,
        prompt_tokens=outcome.prompt_tokens,
        completion_tokens=outcome.completion_tokens,
        timings=dict(outcome.timings),
        events=[dict(event) for event in outcome.events],
    ).save(force_insert=True)
    if outcome.citations:
        Citation.objects.bulk_create(
            Citation(
                run_id=run_id,
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
            for ordinal, citation in enumerate(outcome.citations)
        )


@dataclass(frozen=True, slots=True)
class LeaseReport:
    """Of the runs a worker works on: which it has lost, and which are to be cancelled."""

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
        cancelled = frozenset(
            Run.unscoped.filter(
                id__in=[claim.subject_id for claim in claims], is_cancel_requested=True
            ).values_list("id", flat=True)
        )
    lost = frozenset(claim.subject_id for claim in claims if claim.job_id not in held)
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
        return Run.unscoped.get(id=claim.subject_id) if updated else None
