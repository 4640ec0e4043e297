"""Frames survive any cutting of the stream, and what is too large is refused unread."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from altiplano_sdk.wire import Frame, FrameError, FrameLimits, FrameReader, encode_frame

LIMITS = FrameLimits(head=50, body=100, blob=20)
frames = st.builds(Frame, st.binary(max_size=50), st.binary(max_size=100), st.binary(max_size=20))


@given(st.lists(frames, max_size=5), st.integers(1, 64))
def test_frames_come_back_however_they_are_cut(sent, piece):
    data = b"".join(encode_frame(frame, LIMITS) for frame in sent)
    reader = FrameReader(LIMITS)
    received = []
    for start in range(0, len(data), piece):
        received += reader.feed(data[start : start + piece])
    assert received == sent
    assert reader.is_between_frames


@pytest.mark.parametrize("lengths", [(51, 0, 0), (0, 101, 0), (0, 0, 21), (2**32 - 1,) * 3])
def test_announced_lengths_beyond_the_limits_are_refused_before_they_arrive(lengths):
    reader = FrameReader(LIMITS)
    with pytest.raises(FrameError):
        reader.feed(struct.pack(">III", *lengths))


def test_frame_that_the_other_side_would_refuse_is_not_written():
    with pytest.raises(FrameError, match="a body of 101 bytes where 100 are allowed"):
        encode_frame(Frame(b"", b"x" * 101), LIMITS)


def test_half_a_frame_is_none():
    reader = FrameReader(LIMITS)
    data = encode_frame(Frame(b"head", b"body"), LIMITS)
    assert reader.feed(data[:-1]) == []
    assert not reader.is_between_frames
    assert reader.feed(data[-1:]) == [Frame(b"head", b"body")]
