"""Letting evaluators judge answers that were given, one answer at a time in each process.

Answers come first: however many wait to be judged, one thread of the process is at it.
"""

import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any, Final

import structlog
from django.db import DatabaseError

import altiplano_sdk as sdk
from altiplano.catalog.domain.running import RunPlugin
from altiplano.kernel.job_context import working_on
from altiplano.kernel.jobs import JobClaim, LostClaimError, claim_job
from altiplano.runs.domain.evaluating import (
    Evaluation,
    Evaluator,
    evaluators_of,
    fail_evaluation,
    run_to_evaluate,
    store_evaluations,
)
from altiplano.runs.domain.execution import RunWork, work_of
from altiplano.runs.jobs import EvaluateRun
from altiplano.runs.models import Answer
from altiplano_worker.adapters.engine import EngineClient
from altiplano_worker.app import app
from altiplano_worker.runtime.budgets import check_result, run_stage
from altiplano_worker.runtime.context import EndpointLanguageModel, stage_log
from altiplano_worker.runtime.loop import process_loop
from altiplano_worker.runtime.pipeline import StageSpec, plan_stage
from altiplano_worker.runtime.recorder import RunRecorder
from altiplano_worker.tasks.collection_plugins import runnable_releases
from altiplano_worker.tasks.leases import LeaseWatch
from altiplano_worker.tasks.plugin_host import plugin_host
from altiplano_worker.tasks.run_answering import endpoint_of
from altiplano_worker.tasks.run_passages import open_capabilities

log = structlog.get_logger(__name__)

UNEXPECTED_REASON: Final = (
    "The answer was not evaluated for a reason that is in the worker's log. Ask again."
)

_turn = threading.Lock()


@app.task(name=EvaluateRun.task)
def evaluate_run(job_id: str) -> None:  # noqa: ARG001 - a hint that something waits
    """Answers are judged until none waits, unless another thread of the process is at it."""
    while _turn.acquire(blocking=False):
        try:
            claim = claim_job(EvaluateRun.task)
            if claim is None:
                return
            with working_on(claim):
                _evaluate_or_say_why_not(claim)
        finally:
            _turn.release()


def _evaluate_or_say_why_not(claim: JobClaim) -> None:
    try:
        _evaluate(claim)
    except LostClaimError:
        log.info("run.evaluation_dropped", run=str(claim.subject_id))
    except DatabaseError:
        raise  # the sweeper gives the job to somebody once its lease is over
    except Exception:
        log.exception("run.evaluation_failed", run=str(claim.subject_id))
        with suppress(LostClaimError):
            fail_evaluation(claim, UNEXPECTED_REASON)


def _evaluate(claim: JobClaim) -> None:
    found = run_to_evaluate(claim)
    if found is None:
        return
    run, answer = found
    watch = LeaseWatch(claim)
    work = work_of(claim, run)
    example = example_of(run.question, answer)
    evaluators = evaluators_of(run.spec["pipeline"], run.spec.get("plugins", ()))
    store_evaluations(
        claim, [_hear(each, _Judging(work, each, example), watch) for each in evaluators]
    )


def example_of(question: str, answer: Answer) -> sdk.ExampleAnswer:
    """The answer as an evaluator sees it. Nobody has said what a right one holds.

    The passages are the best of those that were found, as many as the prompt had room for.
    """
    passages: Sequence[Mapping[str, Any]] = ()
    room = 0
    for event in answer.events:
        if event.get("type") == "passages.found":
            passages = event.get("passages", ())
        elif event.get("type") == "stage.finished" and event.get("kind") == "prompt":
            room = int(event.get("detail", {}).get("passages", 0))
    return sdk.ExampleAnswer(
        question=question,
        expected=(),
        answer=answer.text,
        passages=tuple(sdk.Passage(**each) for each in passages[:room]),
        abstained=answer.is_abstained,
    )


def _hear(evaluator: Evaluator, judging: "_Judging", watch: LeaseWatch) -> Evaluation:
    """What the evaluator says, or in words why it does not. Raises LostClaimError."""
    pins = () if evaluator.pin is None else (evaluator.pin,)
    try:
        releases = runnable_releases(judging.work.organization_id, pins)
        said = watch.wait_for(process_loop.submit(judging.ask(releases)))
    except sdk.PluginError as error:
        return Evaluation(evaluator, {}, problem=error.message)
    return Evaluation(evaluator, said.scores, said.explanation)


@dataclass(frozen=True, slots=True)
class _Judging:
    """One evaluator and one answer, on the process's loop."""

    work: RunWork
    evaluator: Evaluator
    example: sdk.ExampleAnswer

    async def ask(self, releases: tuple[RunPlugin, ...]) -> sdk.Evaluation:
        """Within the granted time. Raises what a stage of a pipeline raises."""
        spec = StageSpec(sdk.StageKind.EVALUATOR, self.evaluator.plugin, self.evaluator.config)
        work = replace(self.work, plugins=releases)
        async with (
            EngineClient() as engines,
            open_capabilities(work) as capabilities,
            plugin_host.registry_for(work) as registry,
            plugin_host.feed_of(work) as feed,
        ):
            engine = work.engine
            context = sdk.Context(
                log=feed.log_beside(stage_log(run_id=str(work.run_id))),
                llm=(
                    None
                    if engine is None
                    else EndpointLanguageModel(engines, endpoint_of(engine), engine.salt)
                ),
                embed=capabilities.embed,
                index=capabilities.index,
            )
            stage = plan_stage(self.evaluator.position, spec, registry)
            if (prepare := getattr(stage.plugin, "prepare", None)) is not None:
                await prepare()
            recorder = RunRecorder(feed.hear)
            async with run_stage(stage, context=context, recorder=recorder) as (ctx, detail):
                said = await stage.plugin.evaluate(self.example, ctx)
                evaluation = check_result(stage, said, sdk.Evaluation)
                detail["scores"] = dict(evaluation.scores)
            return evaluation
