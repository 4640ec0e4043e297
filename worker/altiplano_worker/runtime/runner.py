"""Executes a pipeline for one question and tells what happens as it happens."""

from __future__ import annotations

import asyncio
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Any, Final

import structlog

import altiplano_sdk as sdk
from altiplano_worker.runtime.budgets import check_passages, check_result, run_stage
from altiplano_worker.runtime.citations import citation_fields
from altiplano_worker.runtime.generating import AnswerWriter
from altiplano_worker.runtime.loader import PluginRegistry
from altiplano_worker.runtime.outcome import RunInput, RunLimits, RunOutcome
from altiplano_worker.runtime.pipeline import (
    PipelineSpec,
    Plan,
    PlannedStage,
    plan_pipeline,
    prepare_plan,
)
from altiplano_worker.runtime.recorder import Emit, RunRecorder

BLOCKED: Final = "blocked"
NEEDS_YES: Final = "needs_yes"
LONGEST_REFUSAL: Final = 120

log = structlog.get_logger("altiplano.runner")


async def execute_pipeline(
    pipeline: PipelineSpec,
    run_input: RunInput,
    *,
    registry: PluginRegistry,
    context: sdk.Context,
    emit: Emit,
    limits: RunLimits,
) -> RunOutcome:
    """The run is over and everything about it is in the outcome; only storing it is left.

    Every event but the terminal one went to ``emit``, in order. Nothing is raised: trouble is an
    outcome with a code and a sentence, and so is cancellation, which closes the engine's
    connection on its way.
    """
    recorder = RunRecorder(emit)
    recorder.start_run(run_input.run_id)
    overrun = sdk.BudgetExceededError(
        f"The answer took longer than the {limits.seconds:g} seconds it was given."
    )
    try:
        async with asyncio.timeout(limits.seconds):
            plan = plan_pipeline(pipeline, registry=registry)
            await prepare_plan(plan)
            writer = AnswerWriter(plan, pipeline, run_input, context, recorder, limits)
            code = await _Run(plan, run_input.query, context, recorder, writer).answer()
    except asyncio.CancelledError:
        if (task := asyncio.current_task()) is not None:
            task.uncancel()
        return recorder.outcome("cancelled")
    except TimeoutError:
        return recorder.outcome("failed", code=overrun.code, message=overrun.message)
    except sdk.PluginError as error:
        return recorder.outcome("failed", code=error.code, message=error.message)
    except Exception:
        log.exception("run_failed", run_id=run_input.run_id)
        return recorder.outcome(
            "failed",
            code="internal_error",
            message="The answer failed because of a fault in the platform. Please report it.",
        )
    return recorder.outcome("finished", code=code, waiting=writer.waiting)


@dataclass(frozen=True, slots=True)
class _Run:
    """One question on its way through the plan. ``query`` is what the person asked."""

    plan: Plan
    query: sdk.Query
    context: sdk.Context
    recorder: RunRecorder
    writer: AnswerWriter

    async def answer(self) -> str:
        """The answer is recorded; returns the outcome's code, empty for a plain answer."""
        if (verdict := await self._ask_guards(sdk.GuardPoint.INPUT, self.query)) is not None:
            return self._end_early(verdict)
        query = await self._rewrite_query()
        passages = await self._find_passages(query)
        if self.plan.retriever is not None and not passages:
            return self._end_early(sdk.GuardVerdict("abstain"))
        verdict = await self._ask_guards(sdk.GuardPoint.EVIDENCE, query, passages)
        if verdict is not None:
            return self._end_early(verdict)
        used = await self.writer.write(query, passages)
        if self.writer.waiting is not None:
            sentence = sdk.waiting_sentence(self.writer.waiting.wish.name, self.query.language)
            self.recorder.finish_answer(sentence, abstained=False)
            return NEEDS_YES
        return await self._check_answer(query, used)

    def _end_early(self, verdict: sdk.GuardVerdict) -> str:
        """The guard's word is the answer."""
        if verdict.action == "abstain":
            self.recorder.finish_answer(self._abstention(), abstained=True)
            return ""
        self.recorder.finish_answer(verdict.message, abstained=False)
        return BLOCKED

    def _abstention(self) -> str:
        return sdk.abstention_sentence(self.query.language)

    def _stage(
        self, stage: PlannedStage
    ) -> AbstractAsyncContextManager[tuple[sdk.Context, dict[str, Any]]]:
        return run_stage(stage, context=self.context, recorder=self.recorder)

    async def _rewrite_query(self) -> sdk.Query:
        stage = self.plan.query
        if stage is None:
            return self.query
        begun = self.recorder.elapsed_ms()
        async with self._stage(stage) as (ctx, detail):
            query = check_result(stage, await stage.plugin.rewrite(self.query, ctx), sdk.Query)
            detail["variants"] = list(query.variants)
        self.recorder.add_time("retrieve_ms", self.recorder.elapsed_ms() - begun)
        return query

    async def _find_passages(self, query: sdk.Query) -> tuple[sdk.Passage, ...]:
        stage = self.plan.retriever
        if stage is None:
            return ()
        begun = self.recorder.elapsed_ms()
        async with self._stage(stage) as (ctx, detail):
            passages = check_passages(stage, await stage.plugin.retrieve(query, ctx))
            detail["passages"] = len(passages)
        for reranker in self.plan.rerankers:
            async with self._stage(reranker) as (ctx, detail):
                ranked = await reranker.plugin.rerank(query, passages, ctx)
                passages = check_passages(reranker, ranked, known=passages)
                detail["passages"] = len(passages)
        self.recorder.add_time("retrieve_ms", self.recorder.elapsed_ms() - begun)
        self.recorder.find_passages(passages)
        return passages

    async def _ask_guards(
        self, point: sdk.GuardPoint, query: sdk.Query, passages: tuple[sdk.Passage, ...] = ()
    ) -> sdk.GuardVerdict | None:
        """The first verdict that does not let the run go on, or None."""
        for guard in self.plan.guards_at(point):
            request = sdk.GuardRequest(point, query, passages)
            verdict = await self._ask_guard(guard, request)
            if verdict.action != "pass":
                return verdict
        return None

    async def _ask_guard(self, guard: PlannedStage, request: sdk.GuardRequest) -> sdk.GuardVerdict:
        async with self._stage(guard) as (ctx, detail):
            verdict = check_result(guard, await guard.plugin.check(request, ctx), sdk.GuardVerdict)
            detail.update(
                point=request.point.value,
                action=verdict.action,
                reason=verdict.reason,
                scores=dict(verdict.scores or {}),
                language=request.query.language,
            )
        return verdict

    async def _check_answer(self, query: sdk.Query, used: tuple[sdk.Passage, ...]) -> str:
        """The guards' word is final, and the answer is recorded with what supports it.

        They are not asked about an answer that a stop text left empty.

        A guard that replaces the answer speaks about its replacement: citations of guards before
        it point into a text that is gone, so they go, too.
        """
        answer = self.recorder.streamed
        if not answer.strip():
            self.recorder.finish_answer(answer, abstained=False)
            return ""
        spans: tuple[sdk.CitationSpan, ...] = ()
        for guard in self.plan.guards_at(sdk.GuardPoint.ANSWER):
            request = sdk.GuardRequest(sdk.GuardPoint.ANSWER, query, used, answer)
            verdict = await self._ask_guard(guard, request)
            if verdict.action == "abstain":
                self.recorder.finish_answer(self._abstention(), abstained=True)
                return ""
            if verdict.action == "block":
                self.recorder.finish_answer(verdict.message, abstained=False)
                return BLOCKED
            if verdict.action == "replace":
                answer, spans = verdict.message, ()
            spans += verdict.citations
        if self.plan.retriever is not None and sdk.is_abstention(answer):
            # A small model repeats the sentence until it is cut off: once is enough.
            said_once = len(answer) <= LONGEST_REFUSAL
            self.recorder.finish_answer(answer if said_once else self._abstention(), abstained=True)
            return ""
        fields = citation_fields(spans, answer=answer, passages=used)
        self.recorder.finish_answer(answer, abstained=False, citations=fields)
        return ""
