"""The outermost layer of the wire: length-prefixed frames of three byte strings.

A frame is three big-endian 32-bit lengths, then that many bytes each: the *head* (a message), the
*body* (a value as JSON) and the *blob* (raw bytes, for files). Lengths are checked when they
arrive, before a byte of what they announce is kept.
"""

import struct
from dataclasses import dataclass
from typing import Final

_LENGTHS: Final = struct.Struct(">III")


class FrameError(Exception):
    """The other side announced more than it may send. Nothing after it can be read."""


@dataclass(frozen=True, slots=True)
class FrameLimits:
    """How many bytes each part of a frame may have."""

    head: int = 64 * 1024
    body: int = 8 * 1024 * 1024
    blob: int = 0


@dataclass(frozen=True, slots=True)
class Frame:
    head: bytes
    body: bytes = b""
    blob: bytes = b""


def encode_frame(frame: Frame, limits: FrameLimits) -> bytes:
    """The frame's bytes. Raises FrameError for one that the other side would refuse."""
    lengths = (len(frame.head), len(frame.body), len(frame.blob))
    _check(lengths, limits)
    return b"".join((_LENGTHS.pack(*lengths), frame.head, frame.body, frame.blob))


class FrameReader:
    """Cuts a stream of bytes into frames, however the bytes arrive.

    Never holds more than one unfinished frame within its limits and the last piece fed.
    """

    def __init__(self, limits: FrameLimits) -> None:
        self._limits = limits
        self._buffer = bytearray()
        self._lengths: tuple[int, int, int] | None = None

    def feed(self, data: bytes) -> list[Frame]:
        """All frames that ``data`` completes. Raises FrameError; the reader is useless then."""
        self._buffer += data
        frames: list[Frame] = []
        while (frame := self._next_frame()) is not None:
            frames.append(frame)
        return frames

    @property
    def is_between_frames(self) -> bool:
        """True when the stream may end here."""
        return not self._buffer and self._lengths is None

    def _next_frame(self) -> Frame | None:
        if self._lengths is None:
            if len(self._buffer) < _LENGTHS.size:
                return None
            lengths = _LENGTHS.unpack_from(self._buffer)
            _check(lengths, self._limits)
            self._lengths = lengths
            del self._buffer[: _LENGTHS.size]
        head, body, blob = self._lengths
        total = head + body + blob
        if len(self._buffer) < total:
            return None
        data = bytes(memoryview(self._buffer)[:total])
        del self._buffer[:total]
        self._lengths = None
        return Frame(data[:head], data[head : head + body], data[head + body :])


def _check(lengths: tuple[int, ...], limits: FrameLimits) -> None:
    allowed = (limits.head, limits.body, limits.blob)
    for name, length, most in zip(("head", "body", "blob"), lengths, allowed, strict=True):
        if length > most:
            raise FrameError(f"a {name} of {length} bytes where {most} are allowed")
