"""LangChain's chat models and tools as generators and tools."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, SystemMessage
from langchain_core.tools import BaseTool, ToolException

from altiplano_sdk import (
    ChatMessage,
    Context,
    GenerationDone,
    GenerationEvent,
    GenerationRequest,
    Generator,
    TextDelta,
    Tool,
    ToolResult,
    Usage,
)
from altiplano_sdk.langchain.making import MadePlugin, NoSettings, Settings, finish_class

_MESSAGES: Mapping[str, type[BaseMessage]] = {
    "system": SystemMessage,
    "user": HumanMessage,
    "assistant": AIMessage,
}


def message_of(message: ChatMessage) -> BaseMessage:
    """The message in LangChain's words."""
    return _MESSAGES[message.role](content=message.content)


def chat_model_plugin(
    make: Callable[[Settings, Context], BaseChatModel],
    config: type[Settings] = NoSettings,  # type: ignore[assignment]  # the default of a TypeVar
) -> type[Generator]:
    """A generator that streams the answer of ``make(config, ctx)``.

    Secrets and hosts come from ``ctx``. What the request asks for (length, temperature, seed,
    stop texts) is handed on by the names most chat models know.
    """

    class MadeGenerator(MadePlugin[Settings], Generator):
        async def generate(
            self, request: GenerationRequest, ctx: Context
        ) -> AsyncIterator[GenerationEvent]:
            usage: Usage | None = None
            reason = "stop"
            stream = make(self.config, ctx).astream(
                [message_of(message) for message in request.messages],
                stop=list(request.stop) or None,
                **_wishes(request),
            )
            async for chunk in stream:
                if chunk.text:
                    yield TextDelta(str(chunk.text))
                counted = getattr(chunk, "usage_metadata", None)
                if counted:
                    usage = Usage(counted["input_tokens"], counted["output_tokens"])
                reason = chunk.response_metadata.get("finish_reason") or reason
            yield GenerationDone(reason, usage)

    finish_class(MadeGenerator, config, "LangChainGenerator")
    return MadeGenerator


def _wishes(request: GenerationRequest) -> dict[str, Any]:
    wishes = {
        "max_tokens": request.max_tokens,
        "temperature": request.temperature,
        "top_p": request.top_p,
        "seed": request.seed,
    }
    return {name: value for name, value in wishes.items() if value is not None}


def tool_plugin(
    make: Callable[[Settings], BaseTool],
    config: type[Settings] = NoSettings,  # type: ignore[assignment]  # the default of a TypeVar
) -> type[Tool]:
    """A tool that calls ``make(config)``; name, description and parameters are the tool's own.

    A ToolException and arguments that do not fit are the tool's answer, not a failure.
    """

    class MadeTool(MadePlugin[Settings], Tool):
        def __init__(self, config: Settings) -> None:
            super().__init__(config)
            self._tool = make(config)
            self.name = self._tool.name
            self.description = self._tool.description
            self.parameters: Mapping[str, Any] = self._tool.tool_call_schema.model_json_schema()  # type: ignore[union-attr]

        async def call(self, arguments: Mapping[str, Any], ctx: Context) -> ToolResult:
            try:
                content = await self._tool.ainvoke(dict(arguments))
            except (ToolException, ValueError, TypeError) as error:
                return ToolResult(str(error), is_error=True)
            return ToolResult(content if isinstance(content, str) else str(content))

    finish_class(MadeTool, config, "LangChainTool")
    return MadeTool
