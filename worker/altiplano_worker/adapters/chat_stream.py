"""A chat answer from the bytes of its stream. Sans I/O, so that every fault can be tested."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import orjson

from altiplano_sdk import GenerationDone, GenerationEvent, TextDelta, Usage
from altiplano_worker.adapters.engine_protocol import cut_error, garbage_error, stream_error
from altiplano_worker.adapters.sse import EventTooLargeError, SSEDecoder

DONE = b"[DONE]"


@dataclass(frozen=True, slots=True)
class Chunk:
    """What one streamed chunk said. ``None`` where it said nothing."""

    text: str
    finish_reason: str | None = None
    usage: Usage | None = None


class ChatStream:
    """Collects one answer. ``done`` is true once the GenerationDone was handed out."""

    __slots__ = ("_decoder", "_reason", "_usage", "done")

    def __init__(self) -> None:
        self._decoder = SSEDecoder()
        self._reason: str | None = None
        self._usage: Usage | None = None
        self.done = False

    def feed(self, data: bytes) -> list[GenerationEvent]:
        """What ``data`` adds: at most one TextDelta, and the GenerationDone after ``[DONE]``.

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
            chunk = decode_chunk(event.data)
            if chunk.text:
                texts.append(chunk.text)
            if chunk.finish_reason is not None:
                self._reason = chunk.finish_reason
            if chunk.usage is not None:
                self._usage = chunk.usage
        result: list[GenerationEvent] = [TextDelta("".join(texts))] if texts else []
        if self.done:
            result.append(GenerationDone(self._reason or "unknown", self._usage))
        return result

    def end(self) -> GenerationDone:
        """The end of an answer whose engine said why it stopped but sent no ``[DONE]``.

        Raises EngineError when the stream broke off before it said so.
        """
        if self._reason is None or self._decoder.unfinished:
            raise cut_error()
        self.done = True
        return GenerationDone(self._reason, self._usage)


def decode_chunk(data: bytes) -> Chunk:
    """What the chunk says. Raises EngineError when it is no chunk or announces an error."""
    body = _load(data)
    try:
        choices = body["choices"]
        usage = body.get("usage")
        choice = choices[0] if choices else {}
        text = (choice.get("delta") or {}).get("content") or ""
        reason = choice.get("finish_reason")
        if not isinstance(text, str) or not isinstance(reason, str | None) or "error" in body:
            raise stream_error(body)
        return Chunk(text, reason, _usage(usage) if usage else None)
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise stream_error(body) from error


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
