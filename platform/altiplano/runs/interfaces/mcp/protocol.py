"""MCP's messages: one JSON-RPC message in a ``POST``, one in the answer, and no session.

Two generations of clients are understood. Those up to 2025-11-25 open with ``initialize``; from
2026-07-28 on, every request says in ``params._meta`` which version it speaks. Neither needs this
side to remember anything, so nothing of one client can ever reach another.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final

import orjson

HANDSHAKE_VERSIONS: Final = ("2025-03-26", "2025-06-18", "2025-11-25")
"""With ``initialize``; the one before these had another transport."""
ENVELOPE_VERSIONS: Final = ("2026-07-28",)
VERSION_KEY: Final = "io.modelcontextprotocol/protocolVersion"
CAPABILITIES_KEY: Final = "io.modelcontextprotocol/clientCapabilities"
SERVER_KEY: Final = "io.modelcontextprotocol/serverInfo"

PARSE_ERROR: Final = -32700
INVALID_REQUEST: Final = -32600
METHOD_NOT_FOUND: Final = -32601
INVALID_PARAMS: Final = -32602
INTERNAL_ERROR: Final = -32603
HEADER_MISMATCH: Final = -32020
UNSUPPORTED_VERSION: Final = -32022

MAX_ID_CHARS: Final = 128
MAX_METHOD_CHARS: Final = 128


class ProtocolError(Exception):
    """A message that cannot be answered. ``message`` is in English: clients show it to developers."""

    def __init__(
        self, code: int, message: str, *, request_id: str | int | None = None, data: Any = None
    ) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.request_id = request_id
        self.data = data

    @property
    def status(self) -> int:
        return HTTPStatus.NOT_FOUND if self.code == METHOD_NOT_FOUND else HTTPStatus.BAD_REQUEST

    def as_message(self) -> dict[str, Any]:
        error: dict[str, Any] = {"code": self.code, "message": self.message}
        if self.data is not None:
            error["data"] = self.data
        return {"jsonrpc": "2.0", "id": self.request_id, "error": error}


@dataclass(frozen=True, slots=True)
class Message:
    """A checked message. ``id`` is None for a notification, which nobody answers.

    ``has_envelope`` tells the generation: whether the request itself says what its client speaks.
    """

    id: str | int | None
    method: str
    params: Mapping[str, Any]
    has_envelope: bool

    @property
    def is_notification(self) -> bool:
        return self.id is None

    def error(self, code: int, message: str, *, data: Any = None) -> ProtocolError:
        return ProtocolError(code, message, request_id=self.id, data=data)


def read_message(raw: bytes, headers: Mapping[str, str]) -> Message:
    """The one message in a request's body. Raises ProtocolError.

    ``headers`` answers to names in any case.
    """
    try:
        body = orjson.loads(raw)
    except orjson.JSONDecodeError:
        raise ProtocolError(PARSE_ERROR, "The body is not valid JSON") from None
    if not isinstance(body, dict) or body.get("jsonrpc") != "2.0":
        raise ProtocolError(INVALID_REQUEST, "The body is one JSON-RPC 2.0 message, not a batch")
    request_id = _id_of(body)
    method, params = body.get("method"), body.get("params", {})
    if not isinstance(method, str) or len(method) > MAX_METHOD_CHARS:
        raise ProtocolError(INVALID_REQUEST, "A message names a method", request_id=request_id)
    if not isinstance(params, dict):
        raise ProtocolError(INVALID_PARAMS, "“params” is an object", request_id=request_id)
    version = headers.get("MCP-Protocol-Version")
    message = Message(
        id=request_id,
        method=method,
        params=params,
        has_envelope=version is not None and version not in HANDSHAKE_VERSIONS,
    )
    if message.has_envelope:
        _check_envelope(message, headers)
    return message


def _id_of(body: Mapping[str, Any]) -> str | int | None:
    """Answers repeat it, so it is short. A message without one is a notification."""
    if "id" not in body:
        return None
    request_id = body["id"]
    if isinstance(request_id, str) and len(request_id) <= MAX_ID_CHARS:
        return request_id
    if isinstance(request_id, int) and not isinstance(request_id, bool):
        return request_id
    raise ProtocolError(INVALID_REQUEST, "An id is a whole number or a short text")


def _check_envelope(message: Message, headers: Mapping[str, str]) -> None:
    """The version that the message itself names is one of ours, and the headers say the same.

    What routes by the headers and what reads the body must not see two different requests.
    """
    said = headers.get("MCP-Protocol-Version")
    if message.is_notification:
        version: Any = said
    else:
        meta = message.params.get("_meta")
        if not isinstance(meta, dict) or not {VERSION_KEY, CAPABILITIES_KEY} <= meta.keys():
            raise message.error(
                INVALID_PARAMS, f"“params._meta” must hold “{VERSION_KEY}” and “{CAPABILITIES_KEY}”"
            )
        version = meta[VERSION_KEY]
        _check_header(message, "MCP-Protocol-Version", said, version)
        _check_header(message, "Mcp-Method", headers.get("Mcp-Method"), message.method)
        if message.method == "tools/call":
            name = message.params.get("name")
            _check_header(message, "Mcp-Name", headers.get("Mcp-Name"), name)
    if version not in ENVELOPE_VERSIONS:
        raise message.error(
            UNSUPPORTED_VERSION,
            "Unsupported protocol version",
            data={"supported": list(ENVELOPE_VERSIONS), "requested": str(version)[:40]},
        )


def _check_header(message: Message, name: str, header: str | None, value: object) -> None:
    """No name of ours needs the encoding that headers have for other letters."""
    if header != value:
        raise message.error(HEADER_MISMATCH, f"The header {name} does not match the body")


def negotiated_version(params: Mapping[str, Any]) -> str:
    """What ``initialize`` is answered with: the version asked for, or the newest that we speak."""
    asked = params.get("protocolVersion")
    return asked if asked in HANDSHAKE_VERSIONS else HANDSHAKE_VERSIONS[-1]


def result_message(message: Message, result: Mapping[str, Any], *, server: Any) -> dict[str, Any]:
    """The answer to ``message``; ``server`` is who says it, for clients that expect it each time."""
    if message.has_envelope:
        result = {
            **result,
            "resultType": "complete",
            "_meta": {**result.get("_meta", {}), SERVER_KEY: server},
        }
    return {"jsonrpc": "2.0", "id": message.id, "result": result}
