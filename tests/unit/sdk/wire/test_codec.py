"""Values cross the wire unchanged, and nothing else does."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import altiplano_sdk as sdk
from altiplano_sdk.wire import (
    BROKER,
    METHODS,
    LoadedFile,
    WireError,
    attributes_codec,
    broker_codec,
    decode_message,
    encode_message,
    method_codec,
)
from altiplano_sdk.wire.messages import Call, Item, ModelFacts, Offered, Ready, Start
from tests.unit.runtime.stages import passage

GUARD = method_codec(sdk.StageKind.GUARD, "check")
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=60)
numbers = st.floats(allow_nan=False, allow_infinity=False)


def test_every_kind_has_its_methods_on_the_wire():
    assert set(sdk.StageKind) == METHODS.keys()
    for kind, methods in METHODS.items():
        for method in methods:
            assert method_codec(kind, method).arguments is not None
    for name in BROKER:
        assert broker_codec(name).result is not None


@given(texts, texts, st.dictionaries(texts, numbers, max_size=3))
def test_guards_values_come_back_as_they_were(question, answer, scores):
    request = sdk.GuardRequest(
        sdk.GuardPoint.ANSWER,
        sdk.Query(question, history=(sdk.ChatMessage("user", answer),)),
        (passage(1, question or "x"),),
        answer,
    )
    assert GUARD.arguments.decode(GUARD.arguments.encode((request,))) == (request,)
    verdict = sdk.GuardVerdict(message=answer, scores=scores)
    assert GUARD.result.decode(GUARD.result.encode(verdict)) == verdict


@given(st.binary(max_size=64).filter(lambda data: len(data) % 4 == 0))
def test_bytes_come_back_as_they_were(data):
    codec = method_codec(sdk.StageKind.EMBEDDER, "embed_query").result
    batch = sdk.VectorBatch(1, len(data) // 4, data)
    assert codec.decode(codec.encode(batch)) == batch


@pytest.mark.parametrize(
    "event",
    [
        sdk.TextDelta("a"),
        sdk.ToolCall("1", "n", "{}"),
        sdk.GenerationDone("stop"),
        sdk.GenerationDone("length", sdk.Usage(1, 2)),
    ],
)
def test_each_event_of_a_stream_is_told_apart(event):
    codec = method_codec(sdk.StageKind.GENERATOR, "generate").result
    assert codec.decode(codec.encode(event)) == event


def test_paths_files_and_frozen_sets_cross():
    parse = method_codec(sdk.StageKind.PARSER, "parse").arguments
    source = (sdk.SourceFile("a", "text/plain", Path("/inbox/a"), 3),)
    assert parse.decode(parse.encode(source)) == source
    search = broker_codec("index.search").arguments
    where = sdk.RetrievalFilter(frozenset({"d1"}), frozenset())
    asked = ("q", sdk.SearchMode.DENSE, 3, where)
    assert search.decode(search.encode(asked)) == asked
    load = method_codec(sdk.StageKind.LOADER, "load").result
    assert load.decode(load.encode(LoadedFile("a", "b"))) == LoadedFile("a", "b")


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"null",
        b"[",
        b"[" * 100_000,
        b'[{"message":' + b'["a",' * 5_000,
        b'[{"message":"a","extra":1}]',
        b'[{"message":1}]',
        b'[{"action":"explode"}]',
        b'[{"scores":{"a":NaN}}]',
        b'[{"scores":{"a":Infinity}}]',
        b'[{"scores":{"a":1e999}}]',
        b'[{"scores":{"a":"1"}}]',
        b'[{"message":"\\ud800"}]',
        b'[{"message":"\xff"}]',
        b"[{}] trailing",
        b"[{},{}]",
    ],
)
def test_anything_but_a_verdict_is_refused(data):
    with pytest.raises(WireError):
        GUARD.result.decode(data)


def test_refusal_tells_the_place_and_not_the_value():
    with pytest.raises(WireError) as refused:
        GUARD.result.decode(b'[{"message":["hunter2"]}]')
    assert "message" in str(refused.value)
    assert "hunter2" not in str(refused.value)


@pytest.mark.parametrize(
    "value",
    [None, "text", [sdk.GuardVerdict()], sdk.GuardVerdict(message=3), sdk.Query("q")],  # type: ignore[arg-type]
)
def test_what_is_no_verdict_is_not_written(value):
    with pytest.raises(WireError):
        GUARD.result.encode(value)


def test_nan_is_written_as_it_is_and_refused_on_arrival():
    written = GUARD.result.encode(sdk.GuardVerdict(scores={"a": float("nan")}))
    with pytest.raises(WireError, match="finite"):
        GUARD.result.decode(written)


class Speaking:
    points = (sdk.GuardPoint.INPUT,)


def test_attributes_are_read_by_kind_and_missing_ones_are_an_error():
    codec = attributes_codec(sdk.StageKind.GUARD)
    assert codec.decode(codec.read(Speaking())) == {"points": (sdk.GuardPoint.INPUT,)}
    with pytest.raises(AttributeError):
        attributes_codec(sdk.StageKind.TOOL).read(Speaking())
    assert attributes_codec(sdk.StageKind.PROMPT).decode(b"[[]]") == {}


@pytest.mark.parametrize(
    "message",
    [
        Start(("/a",), (), "/tmp", 1, 2, uid=3),  # noqa: S108
        Ready((sdk.StageKind.GUARD,)),
        Call(1, 2, "check", Offered(llm=ModelFacts(5), secrets={"A": "b"})),
        Item(7),
    ],
)
def test_messages_come_back_as_they_were(message):
    assert decode_message(encode_message(message)) == message


@pytest.mark.parametrize(
    "head", [b"", b"{}", b'{"type":"item"}', b'{"type":"no"}', b'{"type":"item","id":"1"}', b"[]"]
)
def test_what_is_no_message_is_refused(head):
    with pytest.raises(WireError):
        decode_message(head)
