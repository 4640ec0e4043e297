"""Runs in the words of OpenAI's protocol."""

import json

import orjson
import pytest

from altiplano.kernel.errors import LimitReachedError, NotSignedInError
from altiplano.runs.interfaces.openai_answer import (
    DONE,
    ChunkWriter,
    completion_of,
    error_of,
    failure_of,
)
from altiplano.runs.interfaces.openai_request import ParameterError
from altiplano.runs.stream_positions import Entry

CITATION = {
    "n": 1, "chunk_id": 7, "document_id": "d", "document_name": "Compost.pdf", "page": 2,
    "start": 3, "end": 9, "quote": "mature", "answer_start": 0, "answer_end": 4,
}  # fmt: skip
USAGE = {"prompt_tokens": 10, "completion_tokens": 3}


def entries(*events):
    for seq, event in enumerate(events, start=1):
        yield Entry(b"%d-0" % seq, seq, event["type"].encode(), orjson.dumps({**event, "seq": seq}))


def write(*events, include_usage=False):
    writer = ChunkWriter(run_id="r1", model="o/a", created=5, include_usage=include_usage)
    raw = writer.opening() + b"".join(writer.write(entry) for entry in entries(*events))
    blocks = raw.decode().strip().split("\n\n")
    assert all(block.startswith("data: ") for block in blocks)
    assert blocks[-1] == "data: [DONE]"
    return [json.loads(block[6:]) for block in blocks[:-1]]


def text_of(chunks):
    return "".join(
        choice["delta"].get("content", "")
        for chunk in chunks
        for choice in chunk.get("choices", ())
    )


ANSWERED = (
    {"type": "run.started", "run_id": "r1"},
    {"type": "answer.delta", "text": "Six "},
    {"type": "answer.delta", "text": "months [1]."},
    {"type": "citation.added", **CITATION},
    {"type": "answer.finished", "text": "Six months [1].", "abstained": False, "replaced": False},
    {"type": "run.finished", "usage": USAGE, "timings": {}},
)


def test_deltas_add_up_and_the_last_chunk_holds_the_citations():
    chunks = write(*ANSWERED)
    assert text_of(chunks) == "Six months [1]."
    assert chunks[0]["choices"][0]["delta"]["role"] == "assistant"
    assert chunks[-1]["choices"][0]["finish_reason"] == "stop"
    assert chunks[-1]["citations"] == [CITATION]
    assert {chunk["id"] for chunk in chunks} == {"chatcmpl-r1"}
    assert {(chunk["object"], chunk["created"], chunk["model"]) for chunk in chunks} == {
        ("chat.completion.chunk", 5, "o/a")
    }


def test_usage_comes_last_when_it_is_wanted():
    chunks = write(*ANSWERED, include_usage=True)
    assert [chunk["usage"] for chunk in chunks[:-1]] == [None] * (len(chunks) - 1)
    assert chunks[-1]["choices"] == []
    assert chunks[-1]["usage"]["total_tokens"] == 13
    assert chunks[-1]["citations"] == [CITATION]


def test_an_answer_of_which_nothing_was_streamed_is_sent_whole():
    chunks = write(
        {"type": "answer.finished", "text": "No.", "abstained": True, "replaced": False},
        {"type": "run.finished", "usage": USAGE, "timings": {}},
    )
    assert text_of(chunks) == "No."
    assert chunks[-1]["abstained"] is True


def test_an_answer_that_was_replaced_is_in_the_last_chunk():
    chunks = write(
        {"type": "answer.delta", "text": "Six [9]."},
        {"type": "answer.finished", "text": "Six.", "abstained": False, "replaced": True},
        {"type": "run.finished", "usage": USAGE, "timings": {}},
    )
    assert (text_of(chunks), chunks[-1]["answer"]) == ("Six [9].", "Six.")


def test_a_cut_answer_says_that_its_length_was_reached():
    chunks = write(
        {"type": "answer.delta", "text": "Six"},
        {"type": "stage.finished", "kind": "generator", "detail": {"finish_reason": "length"}},
        {"type": "answer.finished", "text": "Six", "abstained": False, "replaced": False},
        {"type": "run.finished", "usage": USAGE, "timings": {}},
    )
    assert chunks[-1]["choices"][0]["finish_reason"] == "length"


@pytest.mark.parametrize(
    ("event", "code"),
    [
        (
            {"type": "run.failed", "code": "engine_timeout", "message": "Too slow."},
            "engine_timeout",
        ),
        ({"type": "run.cancelled"}, "cancelled"),
    ],
)
def test_an_end_without_an_answer_is_an_error_in_the_stream(event, code):
    chunks = write({"type": "answer.delta", "text": "Six"}, event)
    assert chunks[-1]["error"]["code"] == code
    assert chunks[-1]["error"]["message"].endswith(".")


def test_a_reset_to_a_finished_run_completes_the_answer():
    run = {"answer": "Six months.", "abstained": False, "citations": [CITATION]}
    chunks = write(
        {"type": "reset", "run": run}, {"type": "run.finished", "usage": USAGE, "timings": {}}
    )
    assert text_of(chunks) == "Six months."
    assert chunks[-1]["citations"] == [CITATION]
    late = write(
        {"type": "answer.delta", "text": "Six"},
        {"type": "reset", "run": run},
        {"type": "run.finished", "usage": USAGE, "timings": {}},
    )
    assert (text_of(late), late[-1]["answer"]) == ("Six", "Six months.")


def test_a_whole_completion_has_citations_in_its_message():
    shown = {
        "id": "r1", "answer": "Six.", "abstained": False, "citations": [CITATION], "usage": USAGE,
    }  # fmt: skip
    body = completion_of(shown, model="o/a", created=5)
    assert body["choices"][0]["message"]["citations"] == [CITATION]
    assert body["usage"] == {"prompt_tokens": 10, "completion_tokens": 3, "total_tokens": 13}


@pytest.mark.parametrize(
    ("error", "status", "kind", "code"),
    [
        (NotSignedInError("No."), 401, "authentication_error", "invalid_api_key"),
        (LimitReachedError("No."), 429, "rate_limit_error", "limit_reached"),
        (ParameterError("n", "No."), 400, "invalid_request_error", "invalid_value"),
    ],
)
def test_errors_have_the_protocols_shape(error, status, kind, code):
    assert error.status == status
    body = error_of(error)["error"]
    assert (body["type"], body["code"], body["message"]) == (kind, code, "No.")
    assert set(body) == {"message", "type", "param", "code"}


@pytest.mark.parametrize(
    ("code", "status"), [("engine_unavailable", 503), ("engine_timeout", 504), ("unheard_of", 500)]
)
def test_a_failed_run_has_a_status_that_says_whose_fault_it_is(code, status):
    assert failure_of({"code": code, "message": "No."})[0] == status


def test_done_is_the_protocols_last_word():
    assert DONE == b"data: [DONE]\n\n"
