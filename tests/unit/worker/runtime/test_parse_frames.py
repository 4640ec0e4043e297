import io
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from altiplano_sdk import PageSpan, ParsedDocument, Span
from altiplano_worker.runtime.parse_frames import (
    FrameCutError,
    FrameError,
    FrameTooLargeError,
    decode_result,
    encode_result,
    read_frame,
    write_frame,
)

DOCUMENT = ParsedDocument(
    text="Zwölf 漢字 👩‍🌾",
    pages=(PageSpan(1, 0, 5), PageSpan(3, 6, 11)),
    title="T",
    language="de",
    warnings=("One.", "Two."),
)
SPANS = (Span(0, 5), Span(3, 11))


def framed(value) -> io.BytesIO:
    stream = io.BytesIO()
    write_frame(stream, value)
    stream.seek(0)
    return stream


@given(st.lists(st.dictionaries(st.text(), st.text() | st.integers(-(2**53), 2**53))))
def test_frames_come_out_as_they_went_in(values):
    stream = io.BytesIO()
    for value in values:
        write_frame(stream, value)
    stream.seek(0)
    read = [read_frame(stream, max_bytes=10**6) for _ in values]
    assert read == values
    assert read_frame(stream, max_bytes=10**6) is None


def test_result_comes_out_as_it_went_in():
    frame = read_frame(framed(encode_result(DOCUMENT, SPANS)), max_bytes=10**6)
    assert decode_result(frame) == (DOCUMENT, SPANS)


def test_announced_size_is_checked_before_reading():
    stream = io.BytesIO(struct.pack("!Q", 2**60))
    with pytest.raises(FrameTooLargeError):
        read_frame(stream, max_bytes=10**6)


@pytest.mark.parametrize("kept", [1, 7, 8, 12])
def test_stream_that_ends_inside_a_frame_is_an_error(kept):
    stream = io.BytesIO(framed({"key": "value"}).getvalue()[:kept])
    with pytest.raises(FrameCutError):
        read_frame(stream, max_bytes=10**6)


@pytest.mark.parametrize("body", [b"no json", b"[1]", b"\xff"])
def test_frame_that_is_no_object_is_an_error(body):
    with pytest.raises(FrameError):
        read_frame(io.BytesIO(struct.pack("!Q", len(body)) + body), max_bytes=10**6)


@pytest.mark.parametrize(
    "change",
    [
        {"spans": [[5, 5]]},
        {"spans": [[-1, 4]]},
        {"spans": [[0, 99]]},
        {"spans": [[4, 6], [4, 7]]},
        {"spans": [[1]]},
        {"spans": [["a", "b"]]},
        {"pages": [[2, 0, 3], [1, 3, 4]]},
        {"pages": [[1, 0, 5], [2, 4, 6]]},
        {"pages": [[1, 0, 99]]},
        {"pages": None},
        {"warnings": 3},
    ],
)
def test_result_that_does_not_hold_together_is_an_error(change):
    with pytest.raises(FrameError):
        decode_result({**encode_result(DOCUMENT, SPANS), **change})


def test_result_with_a_missing_field_is_an_error():
    frame = encode_result(DOCUMENT, SPANS)
    del frame["language"]
    with pytest.raises(FrameError):
        decode_result(frame)
