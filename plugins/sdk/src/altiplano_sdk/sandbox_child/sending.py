"""The child's end of the socket."""

from __future__ import annotations

import asyncio
import threading

from altiplano_sdk.wire import Frame, FrameError, FrameLimits, WireError, encode_frame
from altiplano_sdk.wire.messages import Message, encode_message

# What the platform accepts; it decides, this only gives the author a sentence instead of an end.
SENT = FrameLimits(head=64 * 1024, body=8 * 1024 * 1024, blob=64 * 1024 * 1024)
RECEIVED = FrameLimits(head=256 * 1024, body=64 * 1024 * 1024, blob=64 * 1024 * 1024)


class Sender:
    """Writes messages in the order they are given, from any thread."""

    def __init__(self, transport: asyncio.WriteTransport) -> None:
        self._transport = transport
        self._loop = asyncio.get_running_loop()
        self._thread = threading.get_ident()

    def __call__(self, message: Message, body: bytes = b"", blob: bytes = b"") -> None:
        """Raises WireError, and sends nothing, for what is too large."""
        try:
            data = encode_frame(Frame(encode_message(message), body, blob), SENT)
        except FrameError as error:
            raise WireError(f"too large to be sent: {error}") from None
        if threading.get_ident() == self._thread:
            self._transport.write(data)
        else:
            self._loop.call_soon_threadsafe(self._transport.write, data)
