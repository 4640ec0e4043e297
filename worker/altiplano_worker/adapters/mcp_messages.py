"""MCP's messages on the client's side, without any I/O: what is sent, and what an answer says.

Both generations are spoken: up to 2025-11-25 a session begins with ``initialize``; from 2026-07-28
on each request carries its version with it. What a server answers is believed as little as a
document: it is bounded here, and whoever reads it treats it as data.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import orjson

from altiplano_sdk import PermanentError

HANDSHAKE_VERSION: Final = "2025-11-25"
HANDSHAKE_VERSIONS: Final = frozenset({"2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25"})
ENVELOPE_VERSION: Final = "2026-07-28"
CLIENT: Final[Mapping[str, str]] = {"name": "altiplano", "version": "1"}
WRONG_GENERATION: Final = frozenset({-32600, -32601, -32602, -32020, -32022})
"""Errors with which a server says that it does not know ``initialize``."""
MAX_TOOLS: Final = 100
MAX_PAGES: Final = 10
MAX_SCHEMA_BYTES: Final = 32_000
MAX_TEXT: Final = 2_000


class ToolServerError(PermanentError):
    """The tool server did not answer as the protocol says."""

    code = "tool_server_failed"


class RefusedError(ToolServerError):
    """The server answered with an error of the protocol, whose number is ``number``."""

    code = "tool_server_refused"

    def __init__(self, number: int) -> None:
        super().__init__(f"The tool server refused the request (error {number}).")
        self.number = number


@dataclass(frozen=True, slots=True)
class ServerTool:
    """A tool as its server describes it. What the server does not say is assumed at its worst."""

    name: str
    title: str
    description: str
    parameters: Mapping[str, Any]
    reads_only: bool
    is_irreversible: bool

    def to_dict(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "title": self.title,
            "description": self.description,
            "parameters": dict(self.parameters),
            "reads_only": self.reads_only,
            "is_irreversible": self.is_irreversible,
        }


@dataclass(frozen=True, slots=True)
class CallAnswer:
    text: str
    is_error: bool


def request(number: int, method: str, params: Mapping[str, Any]) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "id": number, "method": method, "params": dict(params)}


def notification(method: str) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "method": method}


def opening() -> dict[str, Any]:
    """The parameters of ``initialize``."""
    return {"protocolVersion": HANDSHAKE_VERSION, "capabilities": {}, "clientInfo": dict(CLIENT)}


def in_envelope(params: Mapping[str, Any]) -> dict[str, Any]:
    """``params`` as a request of the newer generation carries them."""
    meta = {
        "io.modelcontextprotocol/protocolVersion": ENVELOPE_VERSION,
        "io.modelcontextprotocol/clientInfo": dict(CLIENT),
        "io.modelcontextprotocol/clientCapabilities": {},
    }
    return {**params, "_meta": meta}


def messages_in(body: bytes, media_type: str) -> Iterator[Any]:
    """The JSON-RPC messages of a response, whether it is one or a stream of events."""
    if media_type == "text/event-stream":
        for event in body.replace(b"\r\n", b"\n").split(b"\n\n"):
            lines = [line[5:].lstrip() for line in event.split(b"\n") if line.startswith(b"data:")]
            if lines:
                yield _parse(b"\n".join(lines))
    else:
        yield _parse(body)


def result_in(messages: Iterator[Any], number: int) -> Mapping[str, Any]:
    """The result of our request; what else the server says meanwhile is not for us.

    Raises RefusedError or ToolServerError.
    """
    for message in messages:
        if not isinstance(message, dict) or message.get("id") != number:
            continue
        if isinstance(error := message.get("error"), dict):
            code = error.get("code")
            raise RefusedError(code if isinstance(code, int) else 0)
        if isinstance(result := message.get("result"), dict):
            return result
    raise _no_answer()


def read_tools(result: Mapping[str, Any]) -> list[ServerTool]:
    """The tools of a page; those that no model could call are left out."""
    listed = result.get("tools")
    if not isinstance(listed, list):
        raise _no_answer()
    return [tool for each in listed[:MAX_TOOLS] if (tool := _read_tool(each)) is not None]


def _read_tool(value: Any) -> ServerTool | None:
    if not isinstance(value, dict):
        return None
    name, schema = value.get("name"), value.get("inputSchema")
    hints = value.get("annotations")
    hints = hints if isinstance(hints, dict) else {}
    if not isinstance(name, str) or not 0 < len(name) <= 64 or not isinstance(schema, dict):
        return None
    if len(orjson.dumps(schema)) > MAX_SCHEMA_BYTES:
        return None
    reads_only = hints.get("readOnlyHint") is True
    return ServerTool(
        name=name,
        title=_text(value.get("title") or hints.get("title"))[:80],
        description=_text(value.get("description")),
        parameters=schema,
        reads_only=reads_only,
        is_irreversible=not reads_only and hints.get("destructiveHint") is not False,
    )


def read_answer(result: Mapping[str, Any]) -> CallAnswer:
    """What a call brought, as text; parts that are none are named."""
    parts = result.get("content")
    texts = [_part(part) for part in parts] if isinstance(parts, list) else []
    if not any(texts) and "structuredContent" in result:
        texts = [orjson.dumps(result["structuredContent"]).decode()]
    return CallAnswer("\n".join(texts), is_error=result.get("isError") is True)


def _part(part: Any) -> str:
    if isinstance(part, dict) and isinstance(part.get("text"), str):
        return str(part["text"])
    kind = part.get("type") if isinstance(part, dict) else None
    name = kind[:20] if isinstance(kind, str) and kind.isalpha() else "something"
    return f"({name} left out)"


def _text(value: Any) -> str:
    return value[:MAX_TEXT] if isinstance(value, str) else ""


def _parse(body: bytes) -> Any:
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        raise _no_answer() from None


def _no_answer() -> ToolServerError:
    return ToolServerError("The tool server answered with something that is no MCP.")
