"""The OpenAI chat protocol as pure functions: what is sent and what went wrong.

Only fields named here ever reach an engine. Sentences in errors are for the app's owner and hold
nothing the engine wrote, because an engine's message may quote the prompt, a path or an address.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import Any, Final, Literal
from urllib.parse import urlsplit

import orjson

from altiplano_sdk import (
    ChatMessage,
    EngineError,
    EngineUnavailableError,
    GenerationRequest,
    PermanentError,
    ToolCall,
    ToolSpec,
)

Provider = Literal["openai", "vllm", "llama.cpp"]

MAX_STOPS: Final = 4
MAX_STOP_CHARACTERS: Final = 200
MAX_MESSAGES: Final = 200
ROLES: Final = frozenset({"system", "user", "assistant", "tool"})
MAX_TOOLS: Final = 32

_OVERFLOW = re.compile(
    r"context[ _](?:length|size|window)|maximum model length|max_model_len|exceed_context",
    re.IGNORECASE,
)
_STATUS_SENTENCES: Final = {
    401: "The model endpoint refuses the key it was given.",
    403: "The model endpoint refuses the key it was given.",
    404: "The model endpoint does not serve this model at this address.",
}
_SAFE_WORD = re.compile(r"[A-Za-z0-9_.-]{1,64}\Z")


class EngineOverloadedError(EngineError):
    """The endpoint has no room at the moment (429 or 503)."""

    code = "engine_overloaded"


class ContextOverflowError(EngineError):
    """Prompt and answer together do not fit the model's context."""

    code = "context_overflow"


@dataclass(frozen=True, slots=True)
class EndpointConfig:
    """One served model. ``base_url`` ends with its ``/v1``; ``api_key`` may be empty.

    ``first_token_seconds`` bounds the wait for the first token, ``silence_seconds`` every wait
    after it, ``total_seconds`` the whole answer.
    """

    base_url: str
    model: str
    api_key: str = ""
    context_tokens: int = 4096
    provider: Provider = "openai"
    first_token_seconds: float = 60.0
    silence_seconds: float = 30.0
    total_seconds: float = 600.0

    def __post_init__(self) -> None:
        parts = urlsplit(self.base_url)
        if parts.scheme not in {"http", "https"} or not parts.hostname or parts.username:
            raise ValueError("a model endpoint needs an http(s) address without a user name")
        if self.context_tokens < 2:
            raise ValueError("context_tokens must be at least 2")
        if not self.api_key.isprintable():
            raise ValueError("the key of a model endpoint must be one line")

    def __repr__(self) -> str:
        return f"EndpointConfig(model={self.model!r}, provider={self.provider!r})"

    def url(self, path: str) -> str:
        return f"{self.base_url.rstrip('/')}/{path}"

    def headers(self) -> dict[str, str]:
        """Identity encoding, because a compressed stream would arrive in lumps."""
        headers = {"Accept-Encoding": "identity", "Content-Type": "application/json"}
        if self.api_key:
            headers["Authorization"] = f"Bearer {self.api_key}"
        return headers


def encode_request(
    endpoint: EndpointConfig, request: GenerationRequest, *, salt: str | None
) -> bytes:
    """The JSON body of a streaming chat request.

    ``salt`` separates the prefix caches of tenants and goes to vLLM only, which knows it.
    Raises PermanentError (``bad_generation_request``) for values no engine should see.
    """
    _check_request(request, context_tokens=endpoint.context_tokens)
    body: dict[str, Any] = {
        "model": endpoint.model,
        "messages": [_message(message) for message in request.messages],
        "stream": True,
        "stream_options": {"include_usage": True},
        "max_tokens": request.max_tokens,
        "temperature": request.temperature,
    }
    if request.stop:
        body["stop"] = [_text(stop) for stop in request.stop]
    if request.seed is not None:
        body["seed"] = request.seed
    if request.top_p is not None:
        body["top_p"] = request.top_p
    if request.tools:
        body["tools"] = [_tool(tool) for tool in request.tools]
    if salt and endpoint.provider == "vllm":
        body["cache_salt"] = salt
    return orjson.dumps(body)


def _check_request(request: GenerationRequest, *, context_tokens: int) -> None:
    stops = request.stop
    seed = request.seed
    problems = (
        (not 1 <= request.max_tokens <= context_tokens, "The answer's token limit"),
        (
            not (math.isfinite(request.temperature) and 0 <= request.temperature <= 2),
            "The temperature",
        ),
        (
            len(stops) > MAX_STOPS or any(not 0 < len(s) <= MAX_STOP_CHARACTERS for s in stops),
            "The list of stop texts",
        ),
        (seed is not None and not 0 <= seed < 2**31, "The seed"),
        (request.top_p is not None and not 0 < request.top_p <= 1, "The top-p"),
        (not 1 <= len(request.messages) <= MAX_MESSAGES, "The number of messages"),
        (any(message.role not in ROLES for message in request.messages), "A message's role"),
        (len(request.tools) > MAX_TOOLS, "The number of tools"),
        (_has_stray_result(request.messages), "A tool's result without its call"),
    )
    for wrong, what in problems:
        if wrong:
            raise PermanentError(
                f"{what} is outside what a model accepts.", code="bad_generation_request"
            )


def _has_stray_result(messages: tuple[ChatMessage, ...]) -> bool:
    """Engines refuse the result of a call that no earlier turn holds."""
    known: set[str] = set()
    for message in messages:
        if message.role == "tool" and message.tool_call_id not in known:
            return True
        known.update(call.id for call in message.tool_calls)
    return False


def _message(message: ChatMessage) -> dict[str, Any]:
    encoded: dict[str, Any] = {"role": message.role, "content": _text(message.content)}
    if message.tool_calls:
        encoded["tool_calls"] = [_call(call) for call in message.tool_calls]
    if message.role == "tool":
        encoded["tool_call_id"] = _text(message.tool_call_id)
    return encoded


def _call(call: ToolCall) -> dict[str, Any]:
    function = {"name": _text(call.name), "arguments": _text(call.arguments)}
    return {"id": _text(call.id), "type": "function", "function": function}


def _tool(tool: ToolSpec) -> dict[str, Any]:
    function = {
        "name": _text(tool.name),
        "description": _text(tool.description),
        "parameters": tool.parameters,
    }
    return {"type": "function", "function": function}


def _text(text: str) -> str:
    """``text`` without lone surrogates, which no JSON encoder may write, and without NUL."""
    return text.encode("utf-8", "replace").decode("utf-8").replace("\x00", "")


def garbage_error() -> EngineError:
    return EngineError("The model endpoint answered with something that is not a chat stream.")


def cut_error() -> EngineError:
    return EngineError("The model endpoint stopped in the middle of its answer.")


def unreachable_error() -> EngineUnavailableError:
    return EngineUnavailableError(
        "The model endpoint cannot be reached. Check that it runs and that its address is right."
    )


def stream_error(body: Any) -> EngineError:
    """The error for an error object that came inside a stream that had begun well."""
    if not isinstance(body, dict):
        return garbage_error()
    problem = _problem(body)
    if not problem:
        return garbage_error()
    code = problem.get("code")
    return status_error(code if isinstance(code, int) else 500, orjson.dumps(body))


def status_error(status: int, body: bytes) -> EngineError:
    """The error for an HTTP status other than 200, told apart by status and, for 4xx, by body."""
    if 300 <= status < 400:
        return EngineError(
            "The model endpoint redirects elsewhere, which is not followed. Correct its address."
        )
    if status in {429, 503}:
        return EngineOverloadedError("The model endpoint is busy. Try again in a moment.")
    if _OVERFLOW.search(_problem_text(body)):
        return ContextOverflowError(
            "The question and its passages are longer than the model can read at once."
        )
    sentence = _STATUS_SENTENCES.get(status)
    if sentence is None and status >= 500:
        sentence = "The model endpoint failed while it answered."
    return EngineError(sentence or f"The model endpoint refused the request (status {status}).")


def describe_problem(body: bytes) -> str:
    """One safe word for the log: the error's type or code, never its message."""
    try:
        problem = _problem(orjson.loads(body))
    except ValueError:
        return "unreadable"
    word = str(problem.get("type") or problem.get("code") or "unnamed")
    return word if _SAFE_WORD.match(word) else "unnamed"


def _problem(body: Any) -> dict[str, Any]:
    """The error object: under ``error`` (OpenAI, llama.cpp, vLLM) or the body itself."""
    if not isinstance(body, dict):
        return {}
    inner = body.get("error", body)
    if isinstance(inner, str):
        return {"message": inner}
    if isinstance(inner, dict) and ({"message", "type", "code"} & inner.keys()):
        return inner
    return {}


def _problem_text(body: bytes) -> str:
    try:
        problem = _problem(orjson.loads(body))
    except ValueError:
        return ""
    return " ".join(str(problem.get(key, "")) for key in ("type", "code", "message"))
