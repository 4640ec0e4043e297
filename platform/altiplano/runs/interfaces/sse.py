"""Server-sent events: the bytes of the platform's own streams."""

from collections.abc import AsyncIterator, Iterator

from django.http import StreamingHttpResponse

from altiplano.runs.feeds import Batch
from altiplano.runs.relay import RunReader
from altiplano.runs.stream_positions import Entry

HEARTBEAT = b": still here\n\n"
OPENING = b"retry: 1000\n\n"
HEADERS = {
    # Proxies must neither collect nor keep it.
    "Cache-Control": "no-cache, no-transform",
    "X-Accel-Buffering": "no",
}


def frame_entry(entry: Entry) -> bytes:
    """The event as a browser reads it. ``data`` is JSON on one line."""
    return b"id: %b\nevent: %b\ndata: %b\n\n" % (entry.id, entry.type, entry.data)


def frame_batch(batch: Batch) -> bytes:
    return b"".join(map(frame_entry, batch)) or HEARTBEAT


async def frame_run(reader: RunReader, *, opening: bytes = OPENING) -> AsyncIterator[bytes]:
    """The run's events as bytes; the reader is closed at the end, whoever ends it."""
    try:
        yield opening
        async for batch in reader:
            yield frame_batch(batch)
    finally:
        reader.close()


class ReaderBody:
    """A response body that closes its reader even when nobody ever iterated over it.

    Django calls ``close`` on what it was given; of a generator that never began it would release
    nothing.
    """

    def __init__(self, chunks: AsyncIterator[bytes], reader: RunReader) -> None:
        self._chunks = chunks
        self._reader = reader

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self._chunks

    def __iter__(self) -> Iterator[bytes]:
        raise TypeError("a run is read asynchronously")

    def close(self) -> None:
        self._reader.close()


def stream_response(chunks: AsyncIterator[bytes], reader: RunReader) -> StreamingHttpResponse:
    """A response that relays ``chunks`` as they come."""
    return StreamingHttpResponse(
        ReaderBody(chunks, reader), content_type="text/event-stream", headers=HEADERS
    )
