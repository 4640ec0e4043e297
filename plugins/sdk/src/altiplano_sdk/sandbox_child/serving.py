"""From a socket to a working plugin: close the doors, then answer until the socket closes."""

from __future__ import annotations

import asyncio
import concurrent.futures.thread  # noqa: F401 - what asyncio would only look for behind closed doors
import io
import os
import socket
import sys
from pathlib import Path
from typing import Final, cast

from altiplano_sdk.sandbox_child.asking import Questions
from altiplano_sdk.sandbox_child.capabilities import fields_json
from altiplano_sdk.sandbox_child.harden import close_doors
from altiplano_sdk.sandbox_child.sending import RECEIVED, SENT, Sender
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
from altiplano_sdk.wire.failures import UNEXPECTED
from altiplano_sdk.wire.messages import (
    Answer,
    AnswerEnd,
    AnswerError,
    AnswerItem,
    Call,
    Cancel,
    Configure,
    Error,
    Examine,
    Examined,
    Examining,
    Load,
    Log,
    Message,
    More,
    Start,
)

_CHUNK: Final = 256 * 1024
_LONGEST_LINE: Final = 1000


def main() -> None:
    """Returns when the platform closed its end, or got what it asked for."""
    os.environ.pop("PWD", None)  # bubblewrap's word about a place that is none
    channel = _take_over_socket()
    reader = FrameReader(RECEIVED)
    start = _next_message(channel, reader)
    if not isinstance(start, Start):
        sys.exit(2)
    started = close_doors(start)
    channel.sendall(encode_frame(Frame(encode_message(started)), SENT))
    frame = _next_frame(channel, reader)
    message = decode_message(frame.head)
    if isinstance(message, Examine):
        channel.sendall(encode_frame(_examine(Path(message.directory), channel), SENT))
    else:
        asyncio.run(_serve(channel, reader, frame))


def _examine(directory: Path, channel: socket.socket) -> Frame:
    """Before there is an event loop: suites make their own, and want the main thread's alarm."""

    def tell(done: int, total: int) -> None:
        channel.sendall(encode_frame(Frame(encode_message(Examining(done, total))), SENT))

    try:
        from altiplano_sdk.testing.run import run_suites

        report = run_suites(directory, tell=tell).to_json().encode()
    except BaseException as error:  # noqa: BLE001 - the platform shall know what kept it from running
        said = f"{type(error).__name__}: {error}"[:500]
        return Frame(encode_message(Error(0, UNEXPECTED, UNEXPECTED, said)))
    return Frame(encode_message(Examined()), report)


def _take_over_socket() -> socket.socket:
    """The socket, out of the way of code that prints or reads standard input."""
    channel = socket.socket(fileno=os.dup(0))
    nothing = os.open(os.devnull, os.O_RDWR)
    for standard in (0, 1, 2):
        os.dup2(nothing, standard)
    os.close(nothing)
    return channel


def _next_message(channel: socket.socket, reader: FrameReader) -> Message:
    return decode_message(_next_frame(channel, reader).head)


def _next_frame(channel: socket.socket, reader: FrameReader) -> Frame:
    """The platform waits for an answer to each of the first frames: there is never a second."""
    while True:
        data = channel.recv(_CHUNK)
        if not data:
            sys.exit(0)
        for frame in reader.feed(data):
            return frame


async def _serve(channel: socket.socket, reader: FrameReader, first: Frame) -> None:
    ended = asyncio.Event()
    await asyncio.get_running_loop().connect_accepted_socket(
        lambda: _Conversation(ended, reader, first), channel
    )
    await ended.wait()
    # Threads and tasks of the plugin are not waited for.
    os._exit(0)


class _Conversation(asyncio.Protocol):
    """Reads messages and hands each to what it is for."""

    def __init__(self, ended: asyncio.Event, reader: FrameReader, first: Frame) -> None:
        self._ended = ended
        self._reader = reader
        self._first = first

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        send = Sender(cast(asyncio.WriteTransport, transport))
        self._questions = Questions(send)
        self._work = Work(send, self._questions)
        sys.stdout = _Printed(send)
        sys.stderr = _Printed(send)
        self._receive(self._first)

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
                self._work.begin_call(message, frame.body, frame.blob)
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
