"""What a client of OpenAI's chat protocol may send, and the question in it.

An app answers by its own frozen pipeline. So every field is either checked against its bounds or
refused: a field that this table does not name could change what the app's owner decided. Those of
:class:`Sampling` are passed on, and hold where the owner fixed nothing.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import orjson

from altiplano.kernel.errors import InvalidInputError
from altiplano.runs.domain.sampling import Sampling

MAX_MESSAGES: Final = 200
MAX_ANSWER_TOKENS: Final = 32_768
MAX_STOPS: Final = 4
MAX_STOP_CHARS: Final = 200
LEAST_TOP_P: Final = 1e-6
"""Engines refuse 0; from this little, too, only the likeliest token is left."""
SEEDS: Final = 2**31
"""Engines know so many; a client's 64 bits are folded into them, and repeat all the same."""
MESSAGE_FIELDS: Final = frozenset({"role", "content", "name"})


class ParameterError(InvalidInputError):
    """``param`` names the field at fault."""

    def __init__(self, param: str, message: str, *, code: str = "invalid_value") -> None:
        super().__init__(message, code=code, fields={param: message} if param else None)
        self.param = param


@dataclass(frozen=True, slots=True)
class ChatRequest:
    """A checked request."""

    organization: str
    app: str
    question: str
    history: tuple[dict[str, str], ...]
    stream: bool
    include_usage: bool
    sampling: Sampling

    @property
    def model(self) -> str:
        return f"{self.organization}/{self.app}"


def read_chat_request(raw: bytes) -> ChatRequest:
    """The request in ``raw``. Raises ParameterError, which says which field is at fault."""
    try:
        body = orjson.loads(raw)
    except orjson.JSONDecodeError:
        raise ParameterError("", "The body is not valid JSON.", code="malformed_json") from None
    if not isinstance(body, dict):
        raise ParameterError("", "The body must be a JSON object.", code="malformed_json")
    for name, value in body.items():
        check = FIELDS.get(name)
        if check is None:
            raise ParameterError(
                _short(name),
                f"“{_short(name)}” cannot be set here: the app's own definition answers.",
                code="unsupported_parameter",
            )
        problem = None if value is None and name not in REQUIRED else check(value)
        if problem:
            raise ParameterError(name, f"“{name}” {problem}.")
    for name in REQUIRED:
        if name not in body:
            raise ParameterError(name, f"“{name}” is missing.", code="missing_required_parameter")
    organization, app = body["model"].split("/")
    question, history = _conversation(body["messages"])
    stream = bool(body.get("stream"))
    options = body.get("stream_options") or {}
    if options and not stream:
        raise ParameterError("stream_options", "“stream_options” needs “stream”: true.")
    return ChatRequest(
        organization=organization,
        app=app,
        question=question,
        history=history,
        stream=stream,
        include_usage=bool(options.get("include_usage")),
        sampling=_sampling(body),
    )


def _sampling(body: Mapping[str, Any]) -> Sampling:
    """The wishes in a checked body, in values that every engine takes."""
    limits = [body[name] for name in ("max_tokens", "max_completion_tokens") if body.get(name)]
    top_p, seed, stop = (body.get(name) for name in ("top_p", "seed", "stop"))
    # NUL is what PostgreSQL cannot store; a text that stops before anything says nothing.
    stops = [text.replace("\0", "") for text in ([stop] if isinstance(stop, str) else stop or ())]
    return Sampling(
        answer_tokens=min(limits) if limits else None,
        temperature=body.get("temperature"),
        top_p=None if top_p is None else max(top_p, LEAST_TOP_P),
        seed=None if seed is None else seed % SEEDS,
        stop=tuple(text for text in stops if text),
    )


def _conversation(messages: list[dict[str, Any]]) -> tuple[str, tuple[dict[str, str], ...]]:
    """The last message, which is the question, and those before it."""
    read = [_message(number, message) for number, message in enumerate(messages)]
    *history, last = read
    if last["role"] != "user":
        raise ParameterError("messages", "The last message must be the user's question.")
    return last["content"], tuple(history)


def _message(number: int, message: dict[str, Any]) -> dict[str, str]:
    where = f"messages[{number}]"
    if not isinstance(message, dict):
        raise ParameterError(where, "A message is an object with a role and a content.")
    if unknown := message.keys() - MESSAGE_FIELDS:
        name = _short(min(unknown))
        raise ParameterError(
            f"{where}.{name}", f"A message has no “{name}” here.", code="unsupported_parameter"
        )
    role = message.get("role")
    if role not in {"user", "assistant"}:
        raise ParameterError(
            f"{where}.role",
            "Messages have the roles “user” and “assistant” only: the app brings its own "
            "instructions.",
            code="role_not_allowed",
        )
    return {"role": role, "content": _content(f"{where}.content", message.get("content"))}


def _content(where: str, content: Any) -> str:
    """A text, or the texts of a list of parts."""
    if isinstance(content, str):
        return content
    if isinstance(content, list) and content:
        texts = [part.get("text") if _is_text(part) else None for part in content]
        if all(isinstance(text, str) for text in texts):
            return "\n".join(str(text) for text in texts)
    raise ParameterError(where, "The content of a message is text.")


def _is_text(part: Any) -> bool:
    return isinstance(part, dict) and part.keys() == {"type", "text"} and part["type"] == "text"


def _short(name: str) -> str:
    """A name as it may be repeated in an answer."""
    return "".join(c if c.isprintable() else "?" for c in name[:60])


# --- The table of fields: each check returns what is wrong, or None --------------------------------

Check = Callable[[Any], str | None]


def _number(low: float, high: float) -> Check:
    def check(value: Any) -> str | None:
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        if is_number and math.isfinite(value) and low <= value <= high:
            return None
        return f"must be a number between {low:g} and {high:g}"

    return check


def _integer(low: int, high: int) -> Check:
    def check(value: Any) -> str | None:
        if isinstance(value, int) and not isinstance(value, bool) and low <= value <= high:
            return None
        return f"must be a whole number between {low} and {high}"

    return check


def _only(*allowed: Any) -> Check:
    def check(value: Any) -> str | None:
        if any(value == one and type(value) is type(one) for one in allowed):
            return None
        return f"must be {orjson.dumps(allowed[0]).decode()} here"

    return check


def _boolean(value: Any) -> str | None:
    return None if isinstance(value, bool) else "must be true or false"


def _model(value: Any) -> str | None:
    parts = value.split("/") if isinstance(value, str) and len(value) <= 130 else []
    if len(parts) == 2 and all(part.isascii() and part.isprintable() and part for part in parts):
        return None
    return "must be “organization/app”, as GET /v1/models lists them"


def _messages(value: Any) -> str | None:
    if isinstance(value, list) and 1 <= len(value) <= MAX_MESSAGES:
        return None
    return f"must be a list of 1 to {MAX_MESSAGES} messages"


def _stop(value: Any) -> str | None:
    stops = [value] if isinstance(value, str) else value
    if (
        isinstance(stops, list)
        and len(stops) <= MAX_STOPS
        and all(isinstance(stop, str) and len(stop) <= MAX_STOP_CHARS for stop in stops)
    ):
        return None
    return f"must be at most {MAX_STOPS} texts of at most {MAX_STOP_CHARS} characters"


def _text(value: Any) -> str | None:
    return None if isinstance(value, str) and len(value) <= 512 else "must be a short text"


def _stream_options(value: Any) -> str | None:
    known = {"include_usage", "include_obfuscation"}
    if (
        isinstance(value, dict)
        and value.keys() <= known
        and all(isinstance(one, bool) for one in value.values())
    ):
        return None
    return "may hold “include_usage”: true or false"


REQUIRED: Final = ("model", "messages")
FIELDS: Final[Mapping[str, Check]] = {
    "model": _model,
    "messages": _messages,
    "stream": _boolean,
    "stream_options": _stream_options,
    "max_tokens": _integer(1, MAX_ANSWER_TOKENS),
    "max_completion_tokens": _integer(1, MAX_ANSWER_TOKENS),
    "temperature": _number(0, 2),
    "top_p": _number(0, 1),
    "seed": _integer(-(2**63), 2**63 - 1),
    "stop": _stop,
    # Accepted because many clients always send them, and not passed on.
    "presence_penalty": _number(-2, 2),
    "frequency_penalty": _number(-2, 2),
    "user": _text,
    # One meaning each, so that nothing is promised that is not done.
    "n": _only(1),
    "logprobs": _only(False),
    "store": _only(False),
    "logit_bias": _only({}),
    "response_format": _only({"type": "text"}),
}
