"""The tools of one run: what the model is offered, and every call it wishes, judged and carried out.

A model that reads passages may be spoken to by whoever wrote them. So each call is taken for a wish
of a stranger: its arguments are checked, the person who asked must have the right to what it does,
what sends out stays shut while others' words are in the prompt, what cannot be undone waits for a
yes, and there is an end to the number of calls and to the length of what comes back. Whatever is
refused is told to the model in a sentence; only the run's own limits end the run.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import altiplano_sdk as sdk
from altiplano_sdk.contracts.generation import effect_of, is_irreversible
from altiplano_sdk.prompting import as_data, estimate_tokens
from altiplano_worker.runtime.budgets import PluginFailedError, check_result, run_stage
from altiplano_worker.runtime.pipeline import PipelineError, PlannedStage
from altiplano_worker.runtime.recorder import RunRecorder
from altiplano_worker.runtime.tool_schema import ArgumentsError, ToolSchema, read_schema

MAX_CALLS: Final = 8
MAX_ROUNDS: Final = 5
MAX_ARGUMENT_CHARACTERS: Final = 8_000
MAX_RESULT_CHARACTERS: Final = 20_000
MAX_DESCRIPTION_CHARACTERS: Final = 1_000
LEAST_ROOM: Final = 64
"""Tokens: a result that is cut to less says nothing."""
DECLINED: Final = "The person does not want this. Do not try again; answer without it."
CHANGES: Final = "write"
"""The right without which a person's questions change or send nothing."""

_NAME = re.compile(r"[a-zA-Z][a-zA-Z0-9_-]{0,63}\Z")


@dataclass(frozen=True, slots=True)
class OfferedTool:
    """A tool that stands in the pipeline, as the platform sees it."""

    stage: PlannedStage
    name: str
    description: str
    schema: ToolSchema
    effect: sdk.ToolEffect
    is_irreversible: bool

    @property
    def reaches_out(self) -> bool:
        """Whether a call can carry words out of the platform. A grant counts, whatever is said."""
        return self.effect is sdk.ToolEffect.SEND or bool(self.stage.grants.network_hosts)

    def spec(self) -> sdk.ToolSpec:
        return sdk.ToolSpec(self.name, self.description, self.schema.told)


@dataclass(frozen=True, slots=True)
class Pending:
    """A call that waits for a yes. ``arguments`` fit the schema; ``wish`` is the model's own."""

    tool: OfferedTool
    arguments: Mapping[str, Any]
    wish: sdk.ToolCall


class _RefusalError(Exception):
    """Its sentence is for the model."""


def read_tools(stages: Sequence[PlannedStage]) -> tuple[OfferedTool, ...]:
    """The pipeline's tools. Raises PluginFailedError, ToolSchemaError or PipelineError."""
    tools = tuple(map(_read_tool, stages))
    names = [tool.name for tool in tools]
    for name in names:
        if names.count(name) > 1:
            raise PipelineError(f"Two tools of the pipeline call themselves “{name}”.")
    return tools


def _read_tool(stage: PlannedStage) -> OfferedTool:
    plugin = stage.plugin
    name, description = plugin.name, plugin.description
    try:
        effect = effect_of(plugin)
    except ValueError:
        raise PluginFailedError(
            f"The plugin {stage.plugin_id} names an effect that there is not."
        ) from None
    if not isinstance(name, str) or not _NAME.match(name) or not isinstance(description, str):
        raise PluginFailedError(f"The plugin {stage.plugin_id} has no name that a model can call.")
    return OfferedTool(
        stage=stage,
        name=name,
        description=as_data(description)[:MAX_DESCRIPTION_CHARACTERS],
        schema=read_schema(plugin.parameters),
        effect=effect,
        is_irreversible=is_irreversible(plugin),
    )


class Toolbox:
    """The tools of one run. ``rights`` are those of whoever asked."""

    def __init__(
        self,
        tools: Sequence[OfferedTool],
        *,
        context: sdk.Context,
        recorder: RunRecorder,
        rights: frozenset[str],
        has_passages: bool,
    ) -> None:
        self._tools = {tool.name: tool for tool in tools}
        self._context = context
        self._recorder = recorder
        self._rights = rights
        self._has_passages = has_passages
        self._strangers: set[str] = set()
        self._calls = 0
        self.pending: Pending | None = None

    @property
    def is_used(self) -> bool:
        """Whether anything was called that must not be called twice."""
        return self._calls > 0

    def remember(self, names: Iterable[str]) -> None:
        """What these tools brought is in the prompt, from before the person was asked."""
        self._strangers |= {name for name in names if self._reaches_out(name)}

    def _reaches_out(self, name: str) -> bool:
        tool = self._tools.get(name)
        return tool is not None and tool.reaches_out

    def offered(self) -> tuple[sdk.ToolSpec, ...]:
        """What the model may wish: it is not tempted with what would be refused anyway."""
        if self._calls >= MAX_CALLS:
            return ()
        return tuple(tool.spec() for tool in self._tools.values() if self._objection(tool) is None)

    def withheld(self) -> list[str]:
        """The names of tools that the model is not told of in this run, for the trace."""
        return [name for name, tool in self._tools.items() if self._objection(tool) is not None]

    async def answer(self, wish: sdk.ToolCall, *, room: int, approved: bool = False) -> str | None:
        """What the model is told of its wish, in at most ``room`` tokens; the call is recorded.

        None when it waits for a yes: then it is ``pending``, and was not carried out.
        """
        self._calls += 1
        tool = self._tools.get(wish.name)
        try:
            if tool is None:
                raise _RefusalError(f"There is no tool called “{as_data(wish.name)[:64]}”.")  # noqa: TRY301
            arguments = self._judge(tool, wish)
        except _RefusalError as refusal:
            return self._refuse(wish, str(refusal))
        self._recorder.call_tool(self._calls, tool.name, tool.stage.plugin_id, arguments)
        if tool.is_irreversible and not approved:
            self.pending = Pending(tool, arguments, wish)
            self._recorder.answer_tool(self._calls, "asks", "")
            return None
        state, content = await self._carry_out(tool, arguments, room)
        self._recorder.answer_tool(self._calls, state, content)
        return content

    def decline(self, wish: sdk.ToolCall) -> str:
        """The person said no: it is recorded, and the model is told so."""
        self._calls += 1
        return self._refuse(wish, DECLINED)

    def _refuse(self, wish: sdk.ToolCall, sentence: str) -> str:
        tool = self._tools.get(wish.name)
        plugin = "" if tool is None else tool.stage.plugin_id
        self._recorder.call_tool(self._calls, as_data(wish.name)[:64], plugin, {})
        self._recorder.answer_tool(self._calls, "refused", sentence)
        return sentence

    def _judge(self, tool: OfferedTool, wish: sdk.ToolCall) -> dict[str, Any]:
        """The arguments of a call that may be made. Raises _RefusalError."""
        if self._calls > MAX_CALLS:
            raise _RefusalError(f"No more than {MAX_CALLS} tool calls are made for one question.")
        if (objection := self._objection(tool)) is not None:
            raise _RefusalError(objection)
        try:
            return tool.schema.read(wish.arguments, limit=MAX_ARGUMENT_CHARACTERS)
        except ArgumentsError as error:
            raise _RefusalError(str(error)) from error

    def _objection(self, tool: OfferedTool) -> str | None:
        """Why this tool is not for this run, at this moment; None where nothing speaks against it."""
        if tool.effect is not sdk.ToolEffect.READ and CHANGES not in self._rights:
            return "The person who asks may not do what this tool does."
        others = self._strangers - {tool.name}
        if (
            tool.reaches_out
            and (self._has_passages or others)
            and not tool.stage.may_send_with_passages
        ):
            return (
                "This tool sends something out, which is not allowed while the prompt holds "
                "passages or what other tools brought."
            )
        return None

    async def _carry_out(
        self, tool: OfferedTool, arguments: Mapping[str, Any], room: int
    ) -> tuple[str, str]:
        stage = tool.stage
        try:
            async with run_stage(stage, context=self._context, recorder=self._recorder) as (
                ctx,
                detail,
            ):
                detail["tool"], detail["arguments"] = tool.name, dict(arguments)
                result = check_result(
                    stage, await stage.plugin.call(dict(arguments), ctx), sdk.ToolResult
                )
                content = _fitted(check_result(stage, result.content, str), room)
                detail["characters"] = len(result.content)
                if result.is_error:
                    detail["failed"] = True
        except sdk.PluginError as error:
            return "failed", f"The tool failed: {error.message}"
        if tool.reaches_out:
            self._strangers.add(tool.name)
        return ("failed" if result.is_error else "done"), content


def _fitted(content: str, room: int) -> str:
    """``content`` as data, cut to what the model can still read."""
    text = as_data(content[:MAX_RESULT_CHARACTERS])
    if room < LEAST_ROOM:
        return "The result does not fit what the model can read. Answer from what is there."
    cut = len(content) > MAX_RESULT_CHARACTERS
    while estimate_tokens(text) > room:
        text, cut = text[: len(text) * room // (estimate_tokens(text) + 1)], True
    return f"{text}\n(The rest of the result was left out.)" if cut else text
