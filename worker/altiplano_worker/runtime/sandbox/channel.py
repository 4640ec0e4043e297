"""Our end of the socket to a plugin's process: frames in and out, and its end."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final, cast

from altiplano_sdk.sandbox_child.sending import RECEIVED, SENT
from altiplano_sdk.wire import (
    Frame,
    FrameError,
    FrameLimits,
    FrameReader,
    WireError,
    decode_message,
    encode_frame,
    encode_message,
)
from altiplano_sdk.wire.messages import Message
from altiplano_worker.runtime.sandbox.exchange import BadAnswerError, ChildLostError
from altiplano_worker.runtime.sandbox.launcher import Launched

MOST_UNSENT_BYTES: Final = 64 * 1024 * 1024
WITHOUT_FILES: Final = FrameLimits(head=SENT.head, body=SENT.body)
"""What a process may send that has no files to hand out."""


class ChildChannel(asyncio.Protocol):
    """Hands each message to ``on_message``, in order, until the process is lost.

    ``lost`` then says why, as the second half of a sentence; ``is_at_fault`` whether it is to blame.
    """

    def __init__(
        self,
        launched: Launched,
        *,
        on_message: Callable[[Message, Frame], None],
        on_lost: Callable[[str], None],
    ) -> None:
        self.lost: str | None = None
        self.is_at_fault = False
        self._launched = launched
        self._on_message = on_message
        self._on_lost = on_lost
        self._reader = FrameReader(WITHOUT_FILES)
        self._writable = asyncio.Event()
        self._writable.set()
        self._transport: asyncio.Transport | None = None

    async def connect(self, *, takes_files: bool) -> None:
        """Messages arrive from now on."""
        self._reader = FrameReader(SENT if takes_files else WITHOUT_FILES)
        loop = asyncio.get_running_loop()
        await loop.connect_accepted_socket(lambda: self, self._launched.channel.dup())

    def send(self, message: Message, body: bytes = b"", blob: bytes = b"") -> None:
        """Raises ChildLostError, and BadAnswerError for what is too large for the other side."""
        if self._transport is None or self.lost is not None:
            raise ChildLostError(self.lost or "was not started")
        if self._transport.get_write_buffer_size() > MOST_UNSENT_BYTES:
            raise self.break_off("does not read what it is told")
        try:
            data = encode_frame(Frame(encode_message(message), body, blob), RECEIVED)
        except FrameError as error:
            raise BadAnswerError(f"what it was asked is too large: {error}") from error
        self._transport.write(data)

    async def send_in_time(self, message: Message, body: bytes) -> None:
        """As :meth:`send`, but waits while the plugin is behind with reading."""
        await self._writable.wait()
        self.send(message, body)

    def kill(self, reason: str, *, at_fault: bool = True) -> None:
        """The process is gone and whoever waits for it hears the reason. Idempotent."""
        if self.lost is not None:
            return
        self.lost = reason
        self.is_at_fault = at_fault
        self._writable.set()
        if self._transport is not None:
            self._transport.abort()
        self._launched.kill()
        self._on_lost(reason)

    def break_off(self, reason: str) -> ChildLostError:
        """Kills the process; the error is for the caller to raise."""
        self.kill(reason)
        return ChildLostError(reason)

    # asyncio.Protocol

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def connection_lost(self, exc: Exception | None) -> None:
        self.kill("stopped unexpectedly")

    def pause_writing(self) -> None:
        self._writable.clear()

    def resume_writing(self) -> None:
        self._writable.set()

    def data_received(self, data: bytes) -> None:
        try:
            for frame in self._reader.feed(data):
                if self.lost is not None:
                    return
                self._on_message(decode_message(frame.head), frame)
        except FrameError:
            self.kill("sent more than it may")
        except WireError:
            self.kill("sent something that is no message")
