"""What the evaluators of an app say of an answer, once it was given.

The wish to evaluate is stored with the answer, and carried out after the last event was sent: an
evaluator can neither delay nor change an answer, nor keep anybody from asking.
"""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from django.db import transaction
from django.utils import timezone

from altiplano.kernel.jobs import (
    JobClaim,
    create_job,
    fail_exhausted_job,
    fail_job,
    finish_job,
    publish_on_commit,
)
from altiplano.kernel.models import Job, JobState
from altiplano.runs.jobs import EvaluateRun
from altiplano.runs.models import Answer, Run
from altiplano_sdk import StageKind

EVALUATOR: Final = StageKind.EVALUATOR.value
LATEST: Final = timedelta(minutes=1)
"""When evaluation begins although the worker died between storing an answer and sending its end."""

DIED_REASON: Final = "The worker that evaluated this answer stopped."
MAX_PROBLEM: Final = 500

Pin = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Evaluator:
    """One stage that judges. ``pin`` names the release of a plugin from outside."""

    position: int
    plugin: str
    config: Mapping[str, Any]
    pin: Pin | None = None

    @property
    def version(self) -> str:
        return "" if self.pin is None else str(self.pin["version"])


@dataclass(frozen=True, slots=True)
class Evaluation:
    """What an evaluator said: scores in 0..1, or in ``problem`` why it could not."""

    evaluator: Evaluator
    scores: Mapping[str, float]
    explanation: str = ""
    problem: str = ""

    def stored(self) -> dict[str, Any]:
        return {
            "plugin": self.evaluator.plugin,
            "version": self.evaluator.version,
            "scores": dict(self.scores),
            "explanation": self.explanation,
            "problem": self.problem[:MAX_PROBLEM],
        }


def answering_pins(pins: Sequence[Pin]) -> list[Pin]:
    """Those of the plugins that it takes to answer; the others only judge."""
    return [pin for pin in pins if pin["kind"] != EVALUATOR]


def evaluators_of(pipeline: Mapping[str, Any], pins: Sequence[Pin] = ()) -> tuple[Evaluator, ...]:
    """The stages of a stored pipeline that judge, in its order."""
    pinned = {pin["plugin"]: pin for pin in pins if pin["kind"] == EVALUATOR}
    return tuple(
        Evaluator(position, stage["plugin"], stage.get("config") or {}, pinned.get(stage["plugin"]))
        for position, stage in enumerate(pipeline.get("stages", ()))
        if stage["kind"] == EVALUATOR
    )


def queue_evaluation(run_id: uuid.UUID, *, organization_id: uuid.UUID) -> None:
    """The answer waits to be evaluated. Call it in the transaction that stores it, and
    :func:`hand_out_evaluation` once its last event was sent.
    """
    create_job(EvaluateRun(run_id), organization_id=organization_id, delay=LATEST)


def hand_out_evaluation(run_id: uuid.UUID) -> None:
    """A worker may begin with what :func:`queue_evaluation` has queued."""
    with transaction.atomic():
        job = Job.objects.filter(
            task=EvaluateRun.task, subject_id=run_id, state=JobState.QUEUED
        ).first()
        if job is not None:
            now = timezone.now()
            Job.objects.filter(id=job.id, state=JobState.QUEUED).update(
                run_after=now, published_at=now
            )
            publish_on_commit(job)


def run_to_evaluate(claim: JobClaim) -> tuple[Run, Answer] | None:
    """None when the run was deleted meanwhile, and the job is over."""
    answer = Answer.objects.filter(run_id=claim.subject_id).select_related("run").first()
    if answer is None:
        finish_job(claim)
        return None
    return answer.run, answer


def store_evaluations(claim: JobClaim, evaluations: Sequence[Evaluation]) -> None:
    """What was said stands with the answer, and the job is done. Raises LostClaimError."""
    with transaction.atomic():
        finish_job(claim)
        _store(claim, evaluations)


def fail_evaluation(claim: JobClaim, reason: str) -> None:
    """Each evaluator of the run has failed for this reason. Raises LostClaimError."""
    with transaction.atomic():
        fail_job(claim, reason)
        _store_problem(claim, reason)


def fail_evaluation_job(claim: JobClaim) -> None:
    """An evaluation whose every attempt died without a word has failed."""
    with transaction.atomic():
        if fail_exhausted_job(claim, DIED_REASON):
            _store_problem(claim, DIED_REASON)


def _store_problem(claim: JobClaim, reason: str) -> None:
    run = Run.unscoped.filter(id=claim.subject_id).only("spec").first()
    if run is not None:
        evaluators = evaluators_of(run.spec["pipeline"], run.spec.get("plugins", ()))
        _store(claim, [Evaluation(each, {}, problem=reason) for each in evaluators])


def _store(claim: JobClaim, evaluations: Sequence[Evaluation]) -> None:
    Answer.objects.filter(run_id=claim.subject_id).update(
        evaluations=[each.stored() for each in evaluations]
    )
