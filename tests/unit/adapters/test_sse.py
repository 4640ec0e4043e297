from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from altiplano_worker.adapters.sse import EventTooLargeError, ServerSentEvent, SSEDecoder

LINE_ENDS = st.sampled_from([b"\n", b"\r", b"\r\n"])
LINES = st.one_of(
    st.sampled_from(
        [b"", b"", b"data: x", b"data:x", b"data", b"data:", b": note", b"event: error", b"id: 7"]
    ),
    st.binary(max_size=12).filter(lambda line: b"\n" not in line and b"\r" not in line),
    st.binary(max_size=12)
    .filter(lambda line: b"\n" not in line and b"\r" not in line)
    .map(lambda value: b"data: " + value),
)


def decode(chunks: list[bytes]) -> list[ServerSentEvent]:
    decoder = SSEDecoder()
    return [event for chunk in chunks for event in decoder.feed(chunk)]


@given(
    bom=st.booleans(),
    lines=st.lists(st.tuples(LINES, LINE_ENDS), max_size=20),
    cuts=st.lists(st.integers(0, 200), max_size=30),
)
def test_decoder_gives_the_same_events_however_the_bytes_are_cut(bom, lines, cuts):
    stream = (b"\xef\xbb\xbf" if bom else b"") + b"".join(line + end for line, end in lines)
    edges = [0, *sorted(min(cut, len(stream)) for cut in cuts), len(stream)]
    pieces = [stream[start:end] for start, end in pairwise(edges)]
    assert decode(pieces) == decode([stream])
    assert decode([bytes([byte]) for byte in stream]) == decode([stream])


@given(st.lists(st.lists(st.binary(max_size=20), min_size=1, max_size=3), max_size=6))
def test_decoder_returns_the_data_that_was_written(events):
    clean = [[d.replace(b"\r", b"_").replace(b"\n", b"_") for d in lines] for lines in events]
    stream = b"".join(b"".join(b"data: " + d + b"\r\n" for d in lines) + b"\r\n" for lines in clean)
    assert [event.data for event in decode([stream])] == [b"\n".join(lines) for lines in clean]


@pytest.mark.parametrize("end", [b"\n", b"\r", b"\r\n"])
def test_decoder_knows_every_line_end(end):
    assert decode([b"data: a" + end + b"data: b" + end + end]) == [ServerSentEvent(b"a\nb")]


def test_decoder_skips_comments_unknown_fields_and_a_byte_order_mark():
    stream = b"\xef\xbb\xbf: hello\nretry: 5\nid: 1\ndata: a\n\n"
    assert decode([stream]) == [ServerSentEvent(b"a")]


def test_decoder_strips_one_space_only():
    assert decode([b"data:  a\n\ndata:b\n\n"]) == [ServerSentEvent(b" a"), ServerSentEvent(b"b")]


def test_decoder_names_the_event_type_once():
    stream = b"event: error\ndata: a\n\ndata: b\n\n"
    assert decode([stream]) == [ServerSentEvent(b"a", b"error"), ServerSentEvent(b"b")]


def test_decoder_forgets_the_type_of_an_event_without_data():
    assert decode([b"event: error\n\ndata: b\n\n"]) == [ServerSentEvent(b"b")]


def test_decoder_delivers_an_event_ended_by_carriage_returns_at_once():
    assert decode([b"data: a\r\r"]) == [ServerSentEvent(b"a")]


def test_decoder_keeps_an_unfinished_event_back():
    decoder = SSEDecoder()
    assert decoder.feed(b"data: a\n") == []
    assert decoder.unfinished
    assert decoder.feed(b"\n") == [ServerSentEvent(b"a")]
    assert not decoder.unfinished


@pytest.mark.parametrize(
    "stream",
    [b"x" * 101, b"data: " + b"x" * 101 + b"\n", b"data: xxxxxxxxx\n" * 8, b"data\n" * 30],
    ids=["endless line", "long line", "many lines", "many empty lines"],
)
def test_decoder_refuses_an_event_beyond_its_limit(stream):
    with pytest.raises(EventTooLargeError):
        SSEDecoder(limit=100).feed(stream)


def test_decoder_refuses_an_endless_line_that_comes_in_small_pieces():
    decoder = SSEDecoder(limit=100)
    for _ in range(100):
        decoder.feed(b"x")
    with pytest.raises(EventTooLargeError):
        decoder.feed(b"x")


def test_decoder_limits_each_event_and_not_the_stream():
    assert len(decode([b"data: xxxxxxxxx\n\n" * 500])) == 500
