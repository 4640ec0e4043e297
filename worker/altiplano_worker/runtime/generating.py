"""From the passages to the model's text: the prompt, the stream, and the tools called in between."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from typing import Any, Final

import altiplano_sdk as sdk
from altiplano_sdk.prompting import estimate_tokens, message_tokens
from altiplano_worker.runtime.budgets import (
    PluginFailedError,
    check_passages,
    check_result,
    run_stage,
)
from altiplano_worker.runtime.outcome import RunInput, RunLimits, WaitingCall
from altiplano_worker.runtime.pipeline import PipelineSpec, Plan, PlannedStage
from altiplano_worker.runtime.recorder import RunRecorder
from altiplano_worker.runtime.tools import MAX_ROUNDS, OfferedTool, Toolbox, read_tools

DEFAULT_CONTEXT_TOKENS: Final = 4096
CONTEXT_OVERFLOW: Final = "context_overflow"
PROMPT_ROLES: Final = frozenset({"system", "user", "assistant"})
MAX_WISHES: Final = 16
"""In one turn of the model; more are not listened to."""
LARGEST_RESERVE: Final = 2_000
BETWEEN: Final = "\n\n"
"""What a model says before and after a call are two paragraphs."""

Messages = tuple[sdk.ChatMessage, ...]


class AnswerWriter:
    """Has the model of one run write. ``waiting`` is the call that needs a yes before it goes on."""

    def __init__(
        self,
        plan: Plan,
        pipeline: PipelineSpec,
        run_input: RunInput,
        context: sdk.Context,
        recorder: RunRecorder,
        limits: RunLimits,
    ) -> None:
        self._plan = plan
        self._pipeline = pipeline
        self._input = run_input
        self._context = context
        self._recorder = recorder
        self._limits = limits
        self.waiting: WaitingCall | None = None

    async def write(
        self, query: sdk.Query, passages: tuple[sdk.Passage, ...]
    ) -> tuple[sdk.Passage, ...]:
        """The model's text is streamed; returns the passages it was shown, in its order.

        A token estimate can be wrong: when the engine says that the prompt does not fit, and
        nothing was streamed or called yet, the prompt is built once more for half the context.
        """
        llm = self._context.llm
        room = DEFAULT_CONTEXT_TOKENS if llm is None else llm.context_tokens
        tools = read_tools(self._plan.tools)
        begun = self._recorder.elapsed_ms()
        prompt = await self._build_prompt(query, passages, room, tools)
        toolbox = self._toolbox(tools, prompt)
        try:
            await self._converse(prompt, toolbox, room)
        except sdk.EngineError as error:
            is_begun = self._recorder.streamed_length or toolbox.is_used
            if error.code != CONTEXT_OVERFLOW or is_begun:
                raise
            note = "The model said that the prompt is too long; it was built for half the room."
            prompt = await self._build_prompt(query, passages, room // 2, tools, note)
            await self._converse(prompt, self._toolbox(tools, prompt), room // 2)
        self._recorder.add_time("generate_ms", self._recorder.elapsed_ms() - begun)
        return prompt.passages

    def _stage(
        self, stage: PlannedStage
    ) -> AbstractAsyncContextManager[tuple[sdk.Context, dict[str, Any]]]:
        return run_stage(stage, context=self._context, recorder=self._recorder)

    def _toolbox(self, tools: tuple[OfferedTool, ...], prompt: sdk.PromptResult) -> Toolbox:
        return Toolbox(
            tools,
            context=self._context,
            recorder=self._recorder,
            rights=self._input.rights,
            has_passages=bool(prompt.passages),
        )

    async def _build_prompt(
        self,
        query: sdk.Query,
        passages: tuple[sdk.Passage, ...],
        room: int,
        tools: tuple[OfferedTool, ...],
        *notes: str,
    ) -> sdk.PromptResult:
        stage = self._plan.prompt
        reserve = min(room // 4, LARGEST_RESERVE) if tools else 0
        left = max(2, room - reserve - _tokens_of([tool.spec() for tool in tools]))
        request = sdk.PromptRequest(query, passages, left, self._answer_tokens(room))
        async with self._stage(stage) as (ctx, detail):
            prompt = check_result(stage, await stage.plugin.build(request, ctx), sdk.PromptResult)
            check_passages(stage, prompt.passages, known=passages)
            if any(each.role not in PROMPT_ROLES or each.tool_calls for each in prompt.messages):
                raise PluginFailedError(
                    f"The plugin {stage.plugin_id} wrote a turn that only tools may have."
                )
            detail["passages"] = len(prompt.passages)
            detail["trimmed"] = [*notes, *prompt.trimmed]
        return prompt

    def _answer_tokens(self, room: int) -> int:
        return max(1, min(self._pipeline.answer_tokens, self._limits.answer_tokens, room // 2))

    async def _converse(self, prompt: sdk.PromptResult, toolbox: Toolbox, room: int) -> None:
        """The model writes until it wishes nothing more; in its last turn it cannot."""
        messages = prompt.messages + await self._decided(prompt.messages, toolbox, room)
        finish_reason = ""
        for turn in range(MAX_ROUNDS):
            tools = toolbox.offered() if turn < MAX_ROUNDS - 1 else ()
            said, wishes, finish_reason = await self._stream(messages, tools, toolbox, room)
            if not wishes or not tools:
                break
            messages += await self._fulfil(said, wishes, messages, toolbox, room)
            if toolbox.pending is not None:
                pending, turns = toolbox.pending, messages[len(prompt.messages) :]
                self.waiting = WaitingCall(
                    pending.wish, pending.tool.stage.plugin_id, pending.arguments, turns
                )
                return
        # A client's stop text may cut everything: then nothing is what was asked for.
        was_stopped = finish_reason == "stop" and bool(self._pipeline.stop)
        if not self._recorder.streamed.strip() and not was_stopped:
            raise sdk.EngineError("The model ended without an answer.")

    async def _decided(self, prompt: Messages, toolbox: Toolbox, room: int) -> Messages:
        """The turns before a call that waited, and what came of it now that the person decided."""
        decision = self._input.decision
        if decision is None:
            return ()
        turns, wish = decision.messages, decision.wish
        made = [call.name for turn in turns for call in turn.tool_calls if call.id != wish.id]
        toolbox.remember(made)
        if decision.is_yes:
            left = self._left(prompt + turns, room)
            content = await toolbox.answer(wish, room=left, approved=True) or ""
        else:
            content = toolbox.decline(wish)
        return (*turns, sdk.ChatMessage("tool", content, tool_call_id=wish.id))

    async def _fulfil(
        self,
        said: str,
        wishes: list[sdk.ToolCall],
        messages: Messages,
        toolbox: Toolbox,
        room: int,
    ) -> Messages:
        """The model's turn and the answers to its wishes, up to the first one that must wait."""
        answers: list[sdk.ChatMessage] = []
        heard: list[sdk.ToolCall] = []
        for wish in wishes:
            heard.append(wish)
            left = self._left((*messages, *answers), room)
            content = await toolbox.answer(wish, room=left)
            if content is None:
                break
            answers.append(sdk.ChatMessage("tool", content, tool_call_id=wish.id))
        return (sdk.ChatMessage("assistant", said, tool_calls=tuple(heard)), *answers)

    def _left(self, messages: Messages, room: int) -> int:
        """Tokens for one result: half of what is free, so that there is room for another."""
        used = sum(message_tokens(each) + _tokens_of(each.tool_calls) for each in messages)
        return (room - used - self._answer_tokens(room)) // 2

    async def _stream(
        self, messages: Messages, tools: tuple[sdk.ToolSpec, ...], toolbox: Toolbox, room: int
    ) -> tuple[str, list[sdk.ToolCall], str]:
        """One turn of the model: what it said, what it wishes, and why it ended."""
        stage = self._plan.generator
        self._recorder.keep_prompt(messages)
        request = sdk.GenerationRequest(
            messages,
            max_tokens=self._answer_tokens(room),
            temperature=self._pipeline.temperature,
            top_p=self._pipeline.top_p,
            seed=self._pipeline.seed,
            stop=self._pipeline.stop,
            tools=tools,
        )
        done: sdk.GenerationDone | None = None
        wishes: list[sdk.ToolCall] = []
        before = self._recorder.streamed
        async with self._stage(stage) as (ctx, detail):
            stream = stage.plugin.generate(request, ctx)
            try:
                async for event in stream:
                    if done is not None:
                        raise _broken_stream(stage)
                    if isinstance(event, sdk.TextDelta):
                        self._add_text(stage, event.text, before)
                    elif isinstance(event, sdk.ToolCall):
                        wishes.append(event)
                    else:
                        done = check_result(stage, event, sdk.GenerationDone)
            finally:
                # Not left to the garbage collector: closing is what makes an engine stop.
                await _close(stream)
            if done is None:
                raise _broken_stream(stage)
            detail["finish_reason"] = done.finish_reason
            detail["characters"] = self._recorder.streamed_length - len(before)
            if self._plan.tools:
                detail["tools"] = [tool.name for tool in tools]
                detail["withheld"] = toolbox.withheld()
        self._recorder.add_usage(done.usage)
        said = self._recorder.streamed[len(before) :].strip()
        return said, wishes[:MAX_WISHES], done.finish_reason

    def _add_text(self, stage: PlannedStage, text: str, before: str) -> None:
        is_first = self._recorder.streamed_length == len(before)
        if text and is_first and before and not before[-1].isspace():
            text = BETWEEN + text
        if self._recorder.streamed_length + len(text) > self._limits.answer_characters:
            raise sdk.BudgetExceededError(
                f"The {stage.kind} stage wrote more than {self._limits.answer_characters} characters."
            )
        if text:
            self._recorder.add_text(text)


def _tokens_of(parts: Any) -> int:
    """About as many tokens as the parts take that are not plain text."""
    return sum(estimate_tokens(json.dumps(_plain(part), ensure_ascii=False)) for part in parts)


def _plain(part: sdk.ToolSpec | sdk.ToolCall) -> dict[str, Any]:
    if isinstance(part, sdk.ToolCall):
        return {"name": part.name, "arguments": part.arguments}
    return {
        "name": part.name,
        "description": part.description,
        "parameters": dict(part.parameters),
    }


def _broken_stream(stage: PlannedStage) -> PluginFailedError:
    return PluginFailedError(
        f"The plugin {stage.plugin_id} did not end its answer as a generator must."
    )


async def _close(stream: AsyncIterator[sdk.GenerationEvent]) -> None:
    close = getattr(stream, "aclose", None)
    if close is not None:
        await close()
