"""The bytes of a stream, read back by a decoder written for somebody else's."""

import orjson
from hypothesis import given
from hypothesis import strategies as st

from altiplano.runs.interfaces.sse import HEARTBEAT, OPENING, frame_batch, frame_entry
from altiplano.runs.stream_positions import Entry
from altiplano_worker.adapters.sse import SSEDecoder


@given(st.text(), st.integers(1, 10**6))
def test_an_event_is_read_back_as_it_was_written(text, seq):
    data = orjson.dumps({"type": "answer.delta", "text": text, "seq": seq})
    entry = Entry(b"%d-0" % seq, seq, b"answer.delta", data)
    (event,) = SSEDecoder().feed(OPENING + HEARTBEAT + frame_entry(entry))
    assert (event.event, event.data) == (b"answer.delta", data)
    assert orjson.loads(event.data)["text"] == text
    assert frame_entry(entry).startswith(b"id: %d-0\n" % seq)


def test_a_batch_is_one_piece_and_an_empty_one_a_comment():
    entries = [Entry(b"%d-0" % n, n, b"answer.delta", b"{}") for n in (1, 2)]
    assert frame_batch(entries) == frame_entry(entries[0]) + frame_entry(entries[1])
    assert frame_batch([]) == HEARTBEAT
    assert HEARTBEAT.startswith(b":")
    assert SSEDecoder().feed(HEARTBEAT) == []
