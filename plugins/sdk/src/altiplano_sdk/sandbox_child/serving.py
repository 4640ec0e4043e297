"""From a socket to a working plugin: close the doors, then answer until the socket closes."""

from __future__ import annotations

import asyncio
import io
import os
import socket
import sys
from typing import Final, cast

from altiplano_sdk.sandbox_child.asking import Questions
from altiplano_sdk.sandbox_child.capabilities import fields_json
from altiplano_sdk.sandbox_child.harden import close_doors
from altiplano_sdk.sandbox_child.sending import RECEIVED, Sender
from altiplano_sdk.sandbox_child.working import Work, current_call
from altiplano_sdk.wire import (
    Frame,
    FrameError,
    FrameReader,
    WireError,
    decode_message,
    encode_frame,
    encode_message,
)
from altiplano_sdk.wire.messages import (
    Answer,
    AnswerEnd,
    AnswerError,
    AnswerItem,
    Call,
    Cancel,
    Configure,
    Load,
    Log,
    More,
    Start,
)

_CHUNK: Final = 256 * 1024
_LONGEST_LINE: Final = 1000


def main() -> None:
    """Returns when the platform closed its end."""
    os.environ.pop("PWD", None)  # bubblewrap's word about a place that is none
    channel = _take_over_socket()
    start = _read_start(channel)
    started = close_doors(start)
    channel.sendall(encode_frame(Frame(encode_message(started)), RECEIVED))
    asyncio.run(_serve(channel))


def _take_over_socket() -> socket.socket:
    """The socket, out of the way of code that prints or reads standard input."""
    channel = socket.socket(fileno=os.dup(0))
    nothing = os.open(os.devnull, os.O_RDWR)
    for standard in (0, 1, 2):
        os.dup2(nothing, standard)
    os.close(nothing)
    return channel


def _read_start(channel: socket.socket) -> Start:
    reader = FrameReader(RECEIVED)
    frames: list[Frame] = []
    while not frames:
        data = channel.recv(_CHUNK)
        if not data:
            sys.exit(0)
        frames = reader.feed(data)
    message = decode_message(frames[0].head)
    if not isinstance(message, Start) or len(frames) > 1 or not reader.is_between_frames:
        sys.exit(2)
    return message


async def _serve(channel: socket.socket) -> None:
    ended = asyncio.Event()
    await asyncio.get_running_loop().connect_accepted_socket(lambda: _Conversation(ended), channel)
    await ended.wait()
    # Threads and tasks of the plugin are not waited for.
    os._exit(0)


class _Conversation(asyncio.Protocol):
    """Reads messages and hands each to what it is for."""

    def __init__(self, ended: asyncio.Event) -> None:
        self._ended = ended
        self._reader = FrameReader(RECEIVED)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        send = Sender(cast(asyncio.WriteTransport, transport))
        self._questions = Questions(send)
        self._work = Work(send, self._questions)
        sys.stdout = _Printed(send)
        sys.stderr = _Printed(send)

    def connection_lost(self, exc: Exception | None) -> None:
        self._ended.set()

    def data_received(self, data: bytes) -> None:
        try:
            for frame in self._reader.feed(data):
                self._receive(frame)
        except (FrameError, WireError):
            self._ended.set()

    def _receive(self, frame: Frame) -> None:
        message = decode_message(frame.head)
        match message:
            case Answer() | AnswerItem() | AnswerEnd() | AnswerError():
                self._questions.receive(message, frame.body)
            case Call():
                self._work.begin_call(message, frame.body)
            case More():
                self._work.give_room(message.id, message.count)
            case Cancel():
                self._work.cancel(message.id)
            case Configure():
                self._work.configure(message, frame.body)
            case Load():
                self._work.load(message, frame.body)
            case _:
                raise WireError("a message for the other side")


class _Printed(io.TextIOBase):
    """What the plugin prints, as log lines."""

    def __init__(self, send: Sender) -> None:
        super().__init__()
        self._send = send
        self._line = ""

    def writable(self) -> bool:
        return True

    def write(self, text: str) -> int:
        *lines, rest = (self._line + text[: 4 * _LONGEST_LINE]).split("\n")
        self._line = rest[:_LONGEST_LINE]
        for line in lines:
            if line.strip():
                call = current_call.get()
                self._send(Log(call, "info", "printed"), fields_json({"line": line}))
        return len(text)
