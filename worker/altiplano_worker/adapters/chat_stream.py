"""A chat answer from the bytes of its stream. Sans I/O, so that every fault can be tested."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import orjson

from altiplano_sdk import GenerationDone, GenerationEvent, TextDelta, ToolCall, Usage
from altiplano_worker.adapters.engine_protocol import cut_error, garbage_error, stream_error
from altiplano_worker.adapters.sse import EventTooLargeError, SSEDecoder

DONE: Final = b"[DONE]"
MAX_CALLS: Final = 16
MAX_CALL_CHARACTERS: Final = 64 * 1024
"""Of all calls of one answer together; a model that writes more has lost its way."""


@dataclass(frozen=True, slots=True)
class CallPart:
    """A piece of the tool call that stands at ``index``; its parts come one after the other."""

    index: int
    id: str
    name: str
    arguments: str


@dataclass(frozen=True, slots=True)
class Chunk:
    """What one streamed chunk said. ``None`` where it said nothing."""

    text: str
    finish_reason: str | None = None
    usage: Usage | None = None
    calls: tuple[CallPart, ...] = ()


class ChatStream:
    """Collects one answer. ``done`` is true once the GenerationDone was handed out.

    ``has_begun`` is true once the model has written something, be it the beginning of a tool call,
    of which no event tells yet.
    """

    __slots__ = ("_call_characters", "_calls", "_decoder", "_reason", "_usage", "done", "has_begun")

    def __init__(self) -> None:
        self._decoder = SSEDecoder()
        self._reason: str | None = None
        self._usage: Usage | None = None
        self._calls: dict[int, CallPart] = {}
        self._call_characters = 0
        self.done = False
        self.has_begun = False

    def feed(self, data: bytes) -> list[GenerationEvent]:
        """What ``data`` adds: at most one TextDelta; after ``[DONE]`` the calls and the GenerationDone.

        Texts that arrived together leave together: a reader that fell behind catches up at the
        price of one event. Raises EngineError for garbage and for an error inside the stream;
        text before it in the same ``data`` is then lost with the failed answer.
        """
        if self.done:
            return []
        texts: list[str] = []
        try:
            events = self._decoder.feed(data)
        except EventTooLargeError as error:
            raise garbage_error() from error
        for event in events:
            if event.data == DONE:
                self.done = True
                break
            if event.event == b"error":
                raise stream_error(_load(event.data))
            texts.append(self._take(decode_chunk(event.data)))
        text = "".join(texts)
        self.has_begun = self.has_begun or bool(text or self._calls)
        result: list[GenerationEvent] = [TextDelta(text)] if text else []
        if self.done:
            result.extend(self._ending(self._reason or "unknown"))
        return result

    def end(self) -> list[GenerationEvent]:
        """The end of an answer whose engine said why it stopped but sent no ``[DONE]``.

        Raises EngineError when the stream broke off before it said so.
        """
        if self._reason is None or self._decoder.unfinished:
            raise cut_error()
        self.done = True
        return self._ending(self._reason)

    def _take(self, chunk: Chunk) -> str:
        """The text of the chunk; everything else it said is remembered."""
        if chunk.finish_reason is not None:
            self._reason = chunk.finish_reason
        if chunk.usage is not None:
            self._usage = chunk.usage
        for part in chunk.calls:
            self._add_call(part)
        return chunk.text

    def _ending(self, reason: str) -> list[GenerationEvent]:
        calls = [
            ToolCall(call.id or f"call_{index}", call.name, call.arguments)
            for index, call in sorted(self._calls.items())
        ]
        return [*calls, GenerationDone(reason, self._usage)]

    def _add_call(self, part: CallPart) -> None:
        """Engines send the name once, and the arguments in as many pieces as they like."""
        known = self._calls.get(part.index, CallPart(part.index, "", "", ""))
        self._calls[part.index] = CallPart(
            part.index,
            known.id or part.id,
            known.name or part.name,
            known.arguments + part.arguments,
        )
        self._call_characters += len(part.arguments) + len(part.name) + len(part.id)
        if len(self._calls) > MAX_CALLS or self._call_characters > MAX_CALL_CHARACTERS:
            raise garbage_error()


def decode_chunk(data: bytes) -> Chunk:
    """What the chunk says. Raises EngineError when it is no chunk or announces an error."""
    body = _load(data)
    try:
        choices = body["choices"]
        usage = body.get("usage")
        choice = choices[0] if choices else {}
        delta = choice.get("delta") or {}
        text = delta.get("content") or ""
        reason = choice.get("finish_reason")
        if not isinstance(text, str) or not isinstance(reason, str | None) or "error" in body:
            raise stream_error(body)
        calls = tuple(map(_call_part, delta.get("tool_calls") or ()))
        return Chunk(text, reason, _usage(usage) if usage else None, calls)
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise stream_error(body) from error


def _call_part(value: dict[str, Any]) -> CallPart:
    function = value.get("function") or {}
    part = CallPart(
        index=value.get("index") or 0,
        id=value.get("id") or "",
        name=function.get("name") or "",
        arguments=function.get("arguments") or "",
    )
    texts = (part.id, part.name, part.arguments)
    if not isinstance(part.index, int) or not all(isinstance(text, str) for text in texts):
        raise TypeError("a tool call is made of texts")
    return part


def _usage(value: dict[str, Any]) -> Usage:
    return Usage(
        prompt_tokens=int(value.get("prompt_tokens") or 0),
        completion_tokens=int(value.get("completion_tokens") or 0),
    )


def _load(data: bytes) -> Any:
    try:
        return orjson.loads(data)
    except orjson.JSONDecodeError as error:
        raise garbage_error() from error
