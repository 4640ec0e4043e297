"""Runs in the words of OpenAI's protocol."""

import json

import httpx2 as httpx
import openai
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
from altiplano_sdk import correction_sentence

CITATION = {
    "n": 1, "chunk_id": 7, "document_id": "d", "document_name": "Compost.pdf", "page": 2,
    "start": 3, "end": 9, "quote": "mature", "answer_start": 0, "answer_end": 4,
}  # fmt: skip
USAGE = {"prompt_tokens": 10, "completion_tokens": 3}


def entries(*events):
    for seq, event in enumerate(events, start=1):
        yield Entry(b"%d-0" % seq, seq, event["type"].encode(), orjson.dumps({**event, "seq": seq}))


def raw_stream(*events, include_usage=False, language="en"):
    writer = ChunkWriter(
        run_id="r1", model="o/a", created=5, include_usage=include_usage, language=language
    )
    return writer.opening() + b"".join(writer.write(entry) for entry in entries(*events))


def write(*events, **options):
    raw = raw_stream(*events, **options)
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


def test_an_answer_that_lost_a_mark_is_not_repeated():
    chunks = write(
        {"type": "answer.delta", "text": "Six [9]."},
        {"type": "answer.finished", "text": "Six.", "abstained": False, "replaced": True},
        {"type": "run.finished", "usage": USAGE, "timings": {}},
    )
    assert (text_of(chunks), chunks[-1]["answer"]) == ("Six [9].", "Six.")


GUARDED = {
    "type": "stage.finished", "stage": 5, "kind": "guard", "plugin": "citations", "ms": 1.0,
    "detail": {"point": "answer", "action": "abstain", "language": "fr"},
}  # fmt: skip
DRAFT = {"type": "answer.delta", "text": "Neuf ans [1]."}
END = {"type": "run.finished", "usage": USAGE, "timings": {}}
PASSAGE = {
    "chunk_id": 7, "document_id": "d", "document_name": "Compost.pdf", "page": 2, "start": 3,
    "end": 9, "text": "mature",
}  # fmt: skip
REFUSED = (
    {"type": "passages.found", "passages": [{**PASSAGE, "score": 0.4, "language": "en"}] * 5},
    DRAFT,
    GUARDED,
    {
        "type": "answer.finished", "text": "Les documents ne le disent pas.", "abstained": True,
        "replaced": True,
    },
    END,
)  # fmt: skip


def test_a_reader_sees_the_correction_behind_the_draft_in_the_questions_language():
    chunks = write(*REFUSED)
    assert text_of(chunks) == (
        "Neuf ans [1].\n\nLa réponse ci-dessus n'est pas confirmée par les documents.\n\n"
        "Les documents ne le disent pas."
    )
    assert chunks[-1]["answer"] == "Les documents ne le disent pas."
    assert chunks[-1]["choices"][0]["finish_reason"] == "stop"


def test_without_a_known_language_the_correction_is_in_the_readers():
    replaced = {
        "type": "answer.finished", "text": "Six months.", "abstained": False, "replaced": True,
    }  # fmt: skip
    unknown = {**GUARDED, "detail": {"language": None}}
    texts = [
        text_of(write(DRAFT, unknown, replaced, END, language=language))
        for language in ("fr", "en-gb", None)
    ]
    notices = [text.split("\n\n")[1] for text in texts]
    assert notices == [correction_sentence(language) for language in ("fr", "en", "en")]
    assert all(text.endswith("\n\nSix months.") for text in texts)


def test_a_draft_that_is_the_refusal_over_and_over_needs_no_correction():
    draft = "The documents do not say. The documents do not say."
    chunks = write(
        {"type": "answer.delta", "text": draft},
        {
            "type": "answer.finished", "text": "The documents do not say.", "abstained": True,
            "replaced": True,
        },
        END,
    )  # fmt: skip
    assert text_of(chunks) == draft


def test_an_abstention_carries_the_nearest_passages():
    chunks = write(*REFUSED)
    assert chunks[-1]["passages"] == [PASSAGE] * 3
    assert write(*ANSWERED)[-1]["passages"] == []


def test_the_official_client_reads_the_correction():
    raw = raw_stream(*REFUSED, include_usage=True)

    def reply(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, headers={"Content-Type": "text/event-stream"}, content=raw)

    transport = httpx.MockTransport(reply)
    with openai.OpenAI(
        base_url="https://altiplano.example/v1",
        api_key="key",
        http_client=httpx.Client(transport=transport),
    ) as client:
        chunks = list(
            client.chat.completions.create(
                model="o/a", messages=[{"role": "user", "content": "?"}], stream=True
            )
        )
    text = "".join(choice.delta.content or "" for chunk in chunks for choice in chunk.choices)
    assert text.endswith("\n\nLes documents ne le disent pas.")
    assert chunks[-1].model_extra["passages"] == [PASSAGE] * 3


def test_an_empty_answer_ends_as_any_other():
    chunks = write(
        {"type": "answer.finished", "text": "", "abstained": False, "replaced": False}, END
    )
    assert text_of(chunks) == ""
    assert chunks[-1]["choices"][0]["finish_reason"] == "stop"
    assert "answer" not in chunks[-1]


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
    run = {"answer": "Six months.", "abstained": False, "citations": [CITATION], "passages": []}
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
    assert text_of(late) == "Six months."


def test_a_whole_completion_has_citations_in_its_message():
    shown = {
        "id": "r1", "answer": "Six.", "abstained": True, "citations": [CITATION],
        "passages": [PASSAGE], "usage": USAGE,
    }  # fmt: skip
    body = completion_of(shown, model="o/a", created=5)
    assert body["choices"][0]["message"]["citations"] == [CITATION]
    assert body["choices"][0]["message"]["passages"] == [PASSAGE]
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
