"""Runs in the words of OpenAI's chat protocol: errors, completions, chunks. Pure."""

import re
from collections.abc import Mapping
from typing import Any, Final

import orjson

from altiplano.kernel.errors import DomainError
from altiplano.runs import queries
from altiplano.runs.stream_positions import Entry
from altiplano_sdk import correction_sentence, is_abstention

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
GENERATOR: Final = "generator"
GUARD: Final = "guard"
MARK: Final = re.compile(r"\[[\d\s,;]+\]")
"""As ``[1]`` or ``[1, 2]``: what a model puts behind a sentence to name a passage."""


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
                    "passages": shown["passages"],
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

    A chunk cannot be unsaid. So when the checked answer says something else than the draft that
    was streamed, a notice and that answer follow the draft, in the same text: a client that knows
    only the protocol shows what is right, last. The extra field ``answer`` of the last chunk is the
    checked answer alone, whenever the draft was not. ``language`` is the notice's for a question
    whose own language is not known.
    """

    def __init__(
        self,
        *,
        run_id: str,
        model: str,
        created: int,
        include_usage: bool,
        language: str | None = None,
    ) -> None:
        self._envelope: dict[str, Any] = {
            "id": f"chatcmpl-{run_id}",
            "object": "chat.completion.chunk",
            "created": created,
            "model": model,
        }
        self._include_usage = include_usage
        self._language = language
        self._citations: list[dict[str, Any]] = []
        self._passages: list[dict[str, Any]] = []
        self._finish_reason = "stop"
        self._abstained = False
        self._answer: str | None = None
        self._draft: list[str] = []

    def opening(self) -> bytes:
        return self._chunk([_choice({"role": "assistant", "content": ""})])

    def write(self, entry: Entry) -> bytes:
        """The bytes for one event; most events have none."""
        if entry.type == b"answer.delta":
            text = orjson.loads(entry.data)["text"]
            self._draft.append(text)
            return self._say(text)
        return self._write_rare(entry.type.decode(), orjson.loads(entry.data))

    def _write_rare(self, kind: str, event: dict[str, Any]) -> bytes:
        match kind:
            case "citation.added":
                self._citations.append(
                    {name: value for name, value in event.items() if name not in {"type", "seq"}}
                )
            case "passages.found":
                self._passages = queries.show_nearest(event["passages"])
            case "stage.finished":
                self._note_stage(event["kind"], event["detail"])
            case "answer.finished":
                return self._finish_answer(event)
            case "reset":
                return self._start_over(event["run"])
            case "run.finished":
                return self._end(event["usage"])
            case "run.failed":
                return _data(failure_of(event)[1]) + DONE
            case "run.cancelled":
                return _data(failure_of(CANCELLED)[1]) + DONE
        return b""

    def _note_stage(self, kind: str, detail: Mapping[str, Any]) -> None:
        if kind == GENERATOR and detail.get("finish_reason") == "length":
            self._finish_reason = "length"
        elif kind == GUARD:
            self._language = detail.get("language") or self._language

    def _start_over(self, run: Mapping[str, Any]) -> bytes:
        """Events were lost: what is known of the run takes their place."""
        self._citations, self._passages = list(run["citations"]), list(run["passages"])
        if not run["answer"]:
            return b""
        return self._finish_answer({"text": run["answer"], "abstained": run["abstained"]})

    def _finish_answer(self, event: dict[str, Any]) -> bytes:
        self._abstained = event["abstained"]
        draft, answer = "".join(self._draft), event["text"]
        self._draft = [answer]
        if answer == draft:
            return b""
        if answer.startswith(draft):
            return self._say(answer.removeprefix(draft))
        self._answer = answer
        if _words_of(draft) == _words_of(answer) or (self._abstained and is_abstention(draft)):
            return b""  # the draft says the same
        return self._say(f"\n\n{correction_sentence(self._language)}\n\n{answer}")

    def _end(self, usage: dict[str, int]) -> bytes:
        extra: dict[str, Any] = {
            "citations": self._citations,
            "passages": self._passages if self._abstained else [],
            "abstained": self._abstained,
        }
        if self._answer is not None:
            extra["answer"] = self._answer
        last = self._chunk([_choice({}, finish_reason=self._finish_reason)], **extra)
        if self._include_usage:
            last += self._chunk([], usage=usage_of(usage), **extra)
        return last + DONE

    def _say(self, text: str) -> bytes:
        return self._chunk([_choice({"content": text})])

    def _chunk(self, choices: list[dict[str, Any]], **extra: Any) -> bytes:
        if self._include_usage:
            extra.setdefault("usage", None)
        return _data({**self._envelope, "choices": choices, **extra})


def _words_of(text: str) -> str:
    """What a text says, without the marks behind its sentences and the blanks around them."""
    return "".join(MARK.sub("", text).split())


def _choice(delta: dict[str, str], *, finish_reason: str | None = None) -> dict[str, Any]:
    return {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish_reason}


def _data(value: Mapping[str, Any]) -> bytes:
    return b"data: %b\n\n" % orjson.dumps(value)
