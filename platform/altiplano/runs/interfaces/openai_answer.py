"""Runs in the words of OpenAI's chat protocol: errors, completions, chunks. Pure."""

from collections.abc import Mapping
from typing import Any, Final

import orjson

from altiplano.kernel.errors import DomainError
from altiplano.runs.stream_positions import Entry

DONE: Final = b"data: [DONE]\n\n"
ERROR_TYPES: Final = {
    401: "authentication_error",
    403: "permission_error",
    404: "not_found_error",
    429: "rate_limit_error",
}
RUN_STATUSES: Final = {
    "engine_unavailable": 503,
    "engine_overloaded": 503,
    "no_model_endpoint": 503,
    "index_unavailable": 503,
    "engine_timeout": 504,
    "engine_failed": 502,
    "budget_exceeded": 504,
    "context_overflow": 400,
}
CANCELLED: Final = {"code": "cancelled", "message": "The run was cancelled."}
LAST_STAGE: Final = "generator"


def error_object(
    status: int, message: str, *, code: str, param: str | None = None
) -> dict[str, Any]:
    kind = ERROR_TYPES.get(status)
    if kind is None:
        kind = "server_error" if status >= 500 else "invalid_request_error"
    return {"error": {"message": message, "type": kind, "param": param, "code": code}}


def error_of(error: DomainError) -> dict[str, Any]:
    code = "invalid_api_key" if error.code == "not_signed_in" else error.code
    param = getattr(error, "param", None) or next(iter(error.fields), None)
    return error_object(error.status, error.message, code=code, param=param)


def failure_of(run_error: Mapping[str, str]) -> tuple[int, dict[str, Any]]:
    """Status and body for a run that has failed."""
    status = RUN_STATUSES.get(run_error["code"], 500)
    return status, error_object(status, run_error["message"], code=run_error["code"])


def usage_of(usage: Mapping[str, int]) -> dict[str, int]:
    prompt, completion = usage["prompt_tokens"], usage["completion_tokens"]
    return {
        "prompt_tokens": prompt,
        "completion_tokens": completion,
        "total_tokens": prompt + completion,
    }


def completion_of(shown: Mapping[str, Any], *, model: str, created: int) -> dict[str, Any]:
    """The whole answer of a finished run (``queries.show_run``)."""
    return {
        "id": f"chatcmpl-{shown['id']}",
        "object": "chat.completion",
        "created": created,
        "model": model,
        "choices": [
            {
                "index": 0,
                "message": {
                    "role": "assistant",
                    "content": shown["answer"],
                    "refusal": None,
                    "citations": shown["citations"],
                    "abstained": shown["abstained"],
                },
                "logprobs": None,
                "finish_reason": "stop",
            }
        ],
        "usage": usage_of(shown["usage"]),
    }


class ChunkWriter:
    """Turns the events of one run into the chunks of one streamed completion.

    A chunk cannot be unsaid: when the checked answer differs from what was streamed, it is in the
    extra field ``answer`` of the last chunk.
    """

    def __init__(self, *, run_id: str, model: str, created: int, include_usage: bool) -> None:
        self._envelope: dict[str, Any] = {
            "id": f"chatcmpl-{run_id}",
            "object": "chat.completion.chunk",
            "created": created,
            "model": model,
        }
        self._include_usage = include_usage
        self._citations: list[dict[str, Any]] = []
        self._finish_reason = "stop"
        self._abstained = False
        self._answer: str | None = None
        self._has_text = False

    def opening(self) -> bytes:
        return self._chunk([_choice({"role": "assistant", "content": ""})])

    def write(self, entry: Entry) -> bytes:
        """The bytes for one event; most events have none."""
        if entry.type == b"answer.delta":
            self._has_text = True
            return self._chunk([_choice({"content": orjson.loads(entry.data)["text"]})])
        return self._write_rare(entry.type.decode(), orjson.loads(entry.data))

    def _write_rare(self, kind: str, event: dict[str, Any]) -> bytes:
        match kind:
            case "citation.added":
                self._citations.append(
                    {name: value for name, value in event.items() if name not in {"type", "seq"}}
                )
            case "stage.finished" if event["kind"] == LAST_STAGE:
                if event["detail"].get("finish_reason") == "length":
                    self._finish_reason = "length"
            case "answer.finished":
                return self._finish_answer(event)
            case "reset":
                self._citations = list(event["run"]["citations"])
                if event["run"]["answer"]:
                    return self._finish_answer(
                        {
                            "text": event["run"]["answer"],
                            "abstained": event["run"]["abstained"],
                            "replaced": self._has_text,
                        }
                    )
            case "run.finished":
                return self._end(event["usage"])
            case "run.failed":
                return _data(failure_of(event)[1]) + DONE
            case "run.cancelled":
                return _data(failure_of(CANCELLED)[1]) + DONE
        return b""

    def _finish_answer(self, event: dict[str, Any]) -> bytes:
        self._abstained = event["abstained"]
        if not self._has_text and event["text"]:
            self._has_text = True
            return self._chunk([_choice({"content": event["text"]})])
        if event["replaced"]:
            self._answer = event["text"]
        return b""

    def _end(self, usage: dict[str, int]) -> bytes:
        extra: dict[str, Any] = {"citations": self._citations, "abstained": self._abstained}
        if self._answer is not None:
            extra["answer"] = self._answer
        last = self._chunk([_choice({}, finish_reason=self._finish_reason)], **extra)
        if self._include_usage:
            last += self._chunk([], usage=usage_of(usage), **extra)
        return last + DONE

    def _chunk(self, choices: list[dict[str, Any]], **extra: Any) -> bytes:
        if self._include_usage:
            extra.setdefault("usage", None)
        return _data({**self._envelope, "choices": choices, **extra})


def _choice(delta: dict[str, str], *, finish_reason: str | None = None) -> dict[str, Any]:
    return {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish_reason}


def _data(value: Mapping[str, Any]) -> bytes:
    return b"data: %b\n\n" % orjson.dumps(value)
