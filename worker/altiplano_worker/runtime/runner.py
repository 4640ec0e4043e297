"""Executes a pipeline for one question and tells what happens as it happens."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final

import structlog

import altiplano_sdk as sdk
from altiplano_worker.runtime.budgets import (
    PluginFailedError,
    check_passages,
    check_result,
    stage_budget,
)
from altiplano_worker.runtime.citations import citation_fields
from altiplano_worker.runtime.context import narrow_context
from altiplano_worker.runtime.loader import PluginRegistry
from altiplano_worker.runtime.outcome import RunInput, RunLimits, RunOutcome
from altiplano_worker.runtime.pipeline import PipelineSpec, Plan, PlannedStage, plan_pipeline
from altiplano_worker.runtime.recorder import Emit, RunRecorder

DEFAULT_CONTEXT_TOKENS: Final = 4096
CONTEXT_OVERFLOW: Final = "context_overflow"
BLOCKED: Final = "blocked"
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
            code = await _Run(plan, pipeline, run_input.query, context, recorder, limits).answer()
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
    return recorder.outcome("finished", code=code)


@dataclass(frozen=True, slots=True)
class _Run:
    """One question on its way through the plan. ``query`` is what the person asked."""

    plan: Plan
    pipeline: PipelineSpec
    query: sdk.Query
    context: sdk.Context
    recorder: RunRecorder
    limits: RunLimits

    async def answer(self) -> str:
        """The answer is recorded; returns the outcome's code, empty unless a guard blocked."""
        if (verdict := await self._ask_guards(sdk.GuardPoint.INPUT, self.query)) is not None:
            return self._end_early(verdict)
        query = await self._rewrite_query()
        passages = await self._find_passages(query)
        if self.plan.retriever is not None and not passages:
            return self._end_early(sdk.GuardVerdict("abstain"))
        verdict = await self._ask_guards(sdk.GuardPoint.EVIDENCE, query, passages)
        if verdict is not None:
            return self._end_early(verdict)
        used = await self._generate(query, passages)
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

    @asynccontextmanager
    async def _stage(
        self, stage: PlannedStage
    ) -> AsyncIterator[tuple[sdk.Context, dict[str, Any]]]:
        async with stage_budget(stage, self.recorder) as detail:
            yield narrow_context(self.context, stage.grants), detail

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

    async def _generate(
        self, query: sdk.Query, passages: tuple[sdk.Passage, ...]
    ) -> tuple[sdk.Passage, ...]:
        """The model's text is streamed; returns the passages it was shown, in its order.

        A token estimate can be wrong: when the engine says that the prompt does not fit, and
        nothing was streamed yet, the prompt is built once more for half the context.
        """
        llm = self.context.llm
        room = DEFAULT_CONTEXT_TOKENS if llm is None else llm.context_tokens
        notes: tuple[str, ...] = ()
        begun = self.recorder.elapsed_ms()
        try:
            prompt = await self._build_prompt(query, passages, room, notes)
            await self._stream_answer(prompt, room)
        except sdk.EngineError as error:
            if error.code != CONTEXT_OVERFLOW or self.recorder.streamed_length:
                raise
            notes = ("The model said that the prompt is too long; it was built for half the room.",)
            prompt = await self._build_prompt(query, passages, room // 2, notes)
            await self._stream_answer(prompt, room // 2)
        self.recorder.add_time("generate_ms", self.recorder.elapsed_ms() - begun)
        return prompt.passages

    async def _build_prompt(
        self,
        query: sdk.Query,
        passages: tuple[sdk.Passage, ...],
        room: int,
        notes: tuple[str, ...],
    ) -> sdk.PromptResult:
        stage = self.plan.prompt
        request = sdk.PromptRequest(query, passages, room, self._answer_tokens(room))
        async with self._stage(stage) as (ctx, detail):
            prompt = check_result(stage, await stage.plugin.build(request, ctx), sdk.PromptResult)
            check_passages(stage, prompt.passages, known=passages)
            detail["passages"] = len(prompt.passages)
            detail["trimmed"] = [*notes, *prompt.trimmed]
        return prompt

    def _answer_tokens(self, room: int) -> int:
        return max(1, min(self.pipeline.answer_tokens, self.limits.answer_tokens, room // 2))

    async def _stream_answer(self, prompt: sdk.PromptResult, room: int) -> None:
        stage = self.plan.generator
        self.recorder.keep_prompt(prompt.messages)
        request = sdk.GenerationRequest(
            prompt.messages,
            max_tokens=self._answer_tokens(room),
            temperature=self.pipeline.temperature,
            top_p=self.pipeline.top_p,
            seed=self.pipeline.seed,
            stop=self.pipeline.stop,
        )
        done: sdk.GenerationDone | None = None
        async with self._stage(stage) as (ctx, detail):
            stream = stage.plugin.generate(request, ctx)
            try:
                async for event in stream:
                    if done is not None:
                        raise _broken_stream(stage)
                    if isinstance(event, sdk.TextDelta):
                        self._add_text(stage, event.text)
                    else:
                        done = check_result(stage, event, sdk.GenerationDone)
            finally:
                # Not left to the garbage collector: closing is what makes an engine stop.
                await _close(stream)
            if done is None:
                raise _broken_stream(stage)
            detail["finish_reason"] = done.finish_reason
            detail["characters"] = self.recorder.streamed_length
        self.recorder.add_usage(done.usage)
        # A client's stop text may cut everything: then nothing is what was asked for.
        was_stopped = done.finish_reason == "stop" and bool(self.pipeline.stop)
        if not self.recorder.streamed.strip() and not was_stopped:
            raise sdk.EngineError("The model ended without an answer.")

    def _add_text(self, stage: PlannedStage, text: str) -> None:
        if self.recorder.streamed_length + len(text) > self.limits.answer_characters:
            raise sdk.BudgetExceededError(
                f"The {stage.kind} stage wrote more than {self.limits.answer_characters} characters."
            )
        if text:
            self.recorder.add_text(text)

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


def _broken_stream(stage: PlannedStage) -> PluginFailedError:
    return PluginFailedError(
        f"The plugin {stage.plugin_id} did not end its answer as a generator must."
    )


async def _close(stream: AsyncIterator[sdk.GenerationEvent]) -> None:
    close = getattr(stream, "aclose", None)
    if close is not None:
        await close()
