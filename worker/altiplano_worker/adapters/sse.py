"""Server-sent events from bytes. Sans I/O: feed it what arrived, get the events that are complete.

The same events come out however the bytes were cut into chunks. Data stays bytes, since every
reader here parses it as JSON, which checks the encoding anyway.
"""

from dataclasses import dataclass

BOM = b"\xef\xbb\xbf"
MAX_EVENT_BYTES = 1024 * 1024
"""An engine's chunk is a few hundred bytes; a megabyte is a fault or an attack."""


class EventTooLargeError(ValueError):
    """A line or an event grew beyond the decoder's limit; the stream is of no further use."""


@dataclass(frozen=True, slots=True)
class ServerSentEvent:
    """One dispatched event. ``event`` is empty when the stream named no type."""

    data: bytes
    event: bytes = b""


class SSEDecoder:
    """Decodes one stream. ``feed`` after :class:`EventTooLargeError` is undefined."""

    __slots__ = ("_after_cr", "_data", "_event", "_limit", "_pending", "_size", "_started")

    def __init__(self, *, limit: int = MAX_EVENT_BYTES) -> None:
        self._limit = limit
        self._pending = bytearray()  # the line that has not ended yet
        self._data: list[bytes] = []
        self._event = b""
        self._size = 0
        self._after_cr = False
        self._started = False

    @property
    def unfinished(self) -> bool:
        """True when bytes of an event were read that no blank line has ended."""
        return bool(self._pending or self._data)

    def feed(self, chunk: bytes) -> list[ServerSentEvent]:
        """The events that ``chunk`` completes, in order."""
        if not self._started:
            chunk = self._strip_bom(chunk)
        if self._after_cr and chunk:
            # The CR before already ended its line; an LF right behind it is the same line end.
            self._after_cr = False
            chunk = chunk.removeprefix(b"\n")
        if b"\n" not in chunk and b"\r" not in chunk:
            self._pending += chunk
            self._check_size(len(self._pending))
            return []
        if self._pending:
            chunk = bytes(self._pending) + chunk
            self._pending.clear()
        lines = chunk.splitlines()  # on bytes: exactly CR, LF and CRLF
        last = chunk[-1]
        if last == 0x0D:
            self._after_cr = True
        elif last != 0x0A:
            self._pending += lines.pop()
            self._check_size(len(self._pending))
        return self._take_lines(lines)

    def _take_lines(self, lines: list[bytes]) -> list[ServerSentEvent]:
        events: list[ServerSentEvent] = []
        for line in lines:
            if not line:
                if self._data:
                    events.append(ServerSentEvent(b"\n".join(self._data), self._event))
                    self._data = []
                self._event = b""
                self._size = 0
            elif line.startswith(b"data:"):
                self._size += len(line)
                self._check_size(0)
                self._data.append(line[6:] if line[5:6] == b" " else line[5:])
            elif not line.startswith(b":"):
                self._check_size(len(line))
                self._take_field(line)
        return events

    def _take_field(self, line: bytes) -> None:
        name, _, value = line.partition(b":")
        if name == b"event":
            self._event = value.removeprefix(b" ")
        elif name == b"data":  # a bare "data" line is an empty line of data
            self._size += len(line)
            self._data.append(b"")

    def _strip_bom(self, chunk: bytes) -> bytes:
        """What to decode now; at the very start up to two bytes wait until a BOM is ruled out."""
        head = bytes(self._pending) + chunk
        self._pending.clear()
        if len(head) < len(BOM) and BOM.startswith(head):
            self._pending += head
            return b""
        self._started = True
        return head.removeprefix(BOM)

    def _check_size(self, line_size: int) -> None:
        if self._size + line_size > self._limit:
            raise EventTooLargeError(f"an event passed {self._limit} bytes")
