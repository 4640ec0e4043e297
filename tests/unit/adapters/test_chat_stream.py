import json
from contextlib import suppress
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from altiplano_sdk import EngineError, GenerationDone, TextDelta, ToolCall, Usage
from altiplano_worker.adapters.chat_stream import ChatStream
from altiplano_worker.adapters.engine_protocol import ContextOverflowError, EngineOverloadedError

DONE = b"data: [DONE]\n\n"


def chunk(
    content: str | None = None, reason: str | None = None, usage: dict | None = None
) -> bytes:
    delta = {} if content is None else {"content": content}
    body = {"choices": [{"index": 0, "delta": delta, "finish_reason": reason}], "usage": usage}
    return b"data: " + json.dumps(body).encode() + b"\n\n"


def usage_chunk(prompt: int, completion: int) -> bytes:
    usage = {"prompt_tokens": prompt, "completion_tokens": completion}
    return b"data: " + json.dumps({"choices": [], "usage": usage}).encode() + b"\n\n"


@given(
    texts=st.lists(st.text(st.characters(exclude_categories=["Cs"]), max_size=8), max_size=12),
    cuts=st.lists(st.integers(0, 2000), max_size=12),
)
def test_text_deltas_add_up_to_what_the_engine_said(texts, cuts):
    stream = (
        b"".join(chunk(text) for text in texts) + chunk(reason="stop") + usage_chunk(3, 4) + DONE
    )
    edges = [0, *sorted(min(cut, len(stream)) for cut in cuts), len(stream)]
    reader = ChatStream()
    events = [event for start, end in pairwise(edges) for event in reader.feed(stream[start:end])]
    assert "".join(event.text for event in events[:-1]) == "".join(texts)
    assert all(event.text for event in events[:-1])
    assert events[-1] == GenerationDone("stop", Usage(3, 4))


def test_texts_that_arrive_together_leave_as_one_delta():
    assert ChatStream().feed(chunk("a") + chunk("b")) == [TextDelta("ab")]


def test_usage_may_come_with_the_last_choice_or_not_at_all():
    usage = {"prompt_tokens": 1, "completion_tokens": 2}
    assert ChatStream().feed(chunk(reason="length", usage=usage) + DONE) == [
        GenerationDone("length", Usage(1, 2))
    ]
    assert ChatStream().feed(chunk(reason="stop") + DONE) == [GenerationDone("stop", None)]


def test_what_follows_done_is_ignored():
    reader = ChatStream()
    assert reader.feed(chunk(reason="stop") + DONE + chunk("late")) == [GenerationDone("stop")]
    assert reader.done


def test_end_without_done_is_an_answer_when_the_engine_said_why_it_stopped():
    reader = ChatStream()
    reader.feed(chunk("a") + chunk(reason="stop"))
    assert reader.end() == [GenerationDone("stop")]


@pytest.mark.parametrize(
    "stream", [b"", chunk("a"), chunk(reason="stop") + b"data: {"], ids=["empty", "cut", "half"]
)
def test_end_of_a_broken_stream_is_an_error_and_not_a_short_answer(stream):
    reader = ChatStream()
    reader.feed(stream)
    with pytest.raises(EngineError, match="stopped in the middle"):
        reader.end()


@pytest.mark.parametrize(
    "data",
    [
        b"{not json", b"[]", b"null", b"7", b'"x"', b"{}", b'{"choices": 5}', b'{"choices": [5]}',
        b'{"choices": [{"delta": {"content": 5}}]}', b'{"choices": [{"delta": []}], "usage": 5}',
        b'{"choices": [{"delta": {"content": "\xff"}}]}', b'{"choices": {"a": 1}}',
        b'{"choices": [], "usage": {"prompt_tokens": "many"}}',
    ],
)  # fmt: skip
def test_garbage_is_an_engine_error(data):
    with pytest.raises(EngineError) as caught:
        ChatStream().feed(b"data: " + data + b"\n\n")
    assert caught.value.code == "engine_failed"


@given(st.binary(max_size=80))
def test_no_bytes_raise_anything_but_an_engine_error(data):
    with suppress(EngineError):
        for event in ChatStream().feed(b"data: " + data + b"\n\n"):
            assert isinstance(event, TextDelta | GenerationDone)


@pytest.mark.parametrize(
    ("problem", "kind"),
    [
        ({"error": {"message": "boom at /srv/x", "code": 500}}, EngineError),
        ({"error": "boom at /srv/x"}, EngineError),
        ({"object": "error", "message": "boom at /srv/x", "code": 503}, EngineOverloadedError),
        ({"error": {"type": "exceed_context_size_error", "code": 400}}, ContextOverflowError),
        ({"choices": [], "error": {"message": "boom at /srv/x", "code": "x"}}, EngineError),
    ],
)
def test_an_error_inside_the_stream_is_told_without_the_engines_words(problem, kind):
    with pytest.raises(EngineError) as caught:
        ChatStream().feed(b"data: " + json.dumps(problem).encode() + b"\n\n")
    assert type(caught.value) is kind
    assert "/srv" not in caught.value.message


def test_an_event_of_type_error_is_an_error_whatever_it_holds():
    with pytest.raises(EngineError):
        ChatStream().feed(b"event: error\n" + chunk("a"))


def test_a_huge_line_is_an_engine_error():
    with pytest.raises(EngineError, match="not a chat stream"):
        ChatStream().feed(b"data: " + b"x" * (1024 * 1024))


# --- Tool calls ----------------------------------------------------------------------------------


def call_chunk(*parts: dict) -> bytes:
    body = {"choices": [{"index": 0, "delta": {"tool_calls": list(parts)}, "finish_reason": None}]}
    return b"data: " + json.dumps(body).encode() + b"\n\n"


def part(index: int, arguments: str, **more) -> dict:
    name = {"name": more.pop("name")} if "name" in more else {}
    return {"index": index, "function": {"arguments": arguments, **name}, **more}


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"]), max_size=5), max_size=8))
def test_call_in_pieces_is_one_call_at_the_end(pieces):
    reader = ChatStream()
    begun = reader.feed(call_chunk(part(0, "", id="c1", name="double")))
    middle = [event for text in pieces for event in reader.feed(call_chunk(part(0, text)))]
    assert (begun, middle, reader.has_begun) == ([], [], True)
    assert reader.feed(chunk(reason="tool_calls") + DONE) == [
        ToolCall("c1", "double", "".join(pieces)), GenerationDone("tool_calls"),
    ]  # fmt: skip


def test_several_calls_keep_their_order_and_get_an_id_each():
    reader = ChatStream()
    reader.feed(call_chunk(part(1, "{}", name="b"), part(0, "{}", name="a", id="x")))
    reader.feed(chunk(reason="tool_calls"))
    assert reader.end() == [
        ToolCall("x", "a", "{}"), ToolCall("call_1", "b", "{}"), GenerationDone("tool_calls"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    "data",
    [
        call_chunk(*(part(n, "", name="a") for n in range(17))),
        call_chunk(part(0, "x" * 70_000)),
        call_chunk(part(0, 7)),
        call_chunk({"index": "first"}),
        call_chunk({"function": "double"}),
        call_chunk("double"),
    ],
)
def test_calls_without_end_or_shape_are_garbage(data):
    with pytest.raises(EngineError):
        ChatStream().feed(data)
