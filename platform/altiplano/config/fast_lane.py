"""The few requests that many programs make at once, answered without Django's middleware.

A program that asks by key needs no session, no cookie and no message; but each piece of middleware
costs two hops between threads, which at 256 streams at once is most of the work, and of a search
more than the search in the index. A door calls what the route calls, and only that: a request that
is not a well-formed one by key goes on to Django unchanged, which answers it in full.
"""

import asyncio
import re
from collections.abc import Awaitable, Callable, MutableMapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from django.http import StreamingHttpResponse
from django.http.response import HttpResponseBase

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Message, Receive, Send], Awaitable[None]]
Answer = Callable[[], Awaitable[HttpResponseBase]]

LOOKED_AT: Final = frozenset({b"authorization", b"content-type", b"content-encoding"})


@dataclass(frozen=True, slots=True)
class KeyRequest:
    """A ``POST`` of JSON with an ``Authorization: Bearer`` header. ``match`` is of its path."""

    scope: Message
    match: re.Match[str]
    authorization: str
    body: bytes


@dataclass(frozen=True, slots=True)
class Door:
    """``plan`` says what answers a request to ``path``; None for one that Django must see.

    It is called on the event loop and only looks; the answer is awaited afterwards.
    """

    path: re.Pattern[str]
    plan: Callable[[KeyRequest], Answer | None]


class FastLane:
    """The application around ``application``, with ``doors`` that come before it."""

    def __init__(self, application: Application, doors: Sequence[Door]) -> None:
        self._application = application
        self._doors = tuple(doors)

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        found = self._door_of(scope)
        authorization = _key_of(scope) if found else None
        if found is None or authorization is None:
            await self._application(scope, receive, send)
            return
        body, messages = await _read_body(receive)
        if body is None:  # the client has gone, or sent too much
            return
        door, match = found
        answer = door.plan(KeyRequest(scope, match, authorization, body))
        if answer is None:
            await self._application(scope, _replay(messages, receive), send)
            return
        await _serve(answer, receive, send)

    def _door_of(self, scope: Message) -> tuple[Door, re.Match[str]] | None:
        if scope["type"] != "http" or scope["method"] != "POST":
            return None
        for door in self._doors:
            match = door.path.fullmatch(scope["path"])
            if match is not None:
                return door, match
        return None


def _key_of(scope: Message) -> str | None:
    """The credential of a request that may take the lane."""
    found = {name: value for name, value in scope["headers"] if name in LOOKED_AT}
    key = found.get(b"authorization", b"")
    if not key.lower().startswith(b"bearer ") or not key.isascii():
        return None
    if found.get(b"content-type", b"").partition(b";")[0].strip().lower() != b"application/json":
        return None
    return None if b"content-encoding" in found else key.decode("ascii")


async def _read_body(receive: Receive) -> tuple[bytes | None, list[Message]]:
    messages: list[Message] = []
    while True:
        message = await receive()
        if message["type"] != "http.request":
            return None, messages
        messages.append(message)
        if not message.get("more_body"):
            return b"".join(part.get("body", b"") for part in messages), messages


def _replay(messages: list[Message], receive: Receive) -> Receive:
    """A ``receive`` that gives what was read already, and then goes on."""
    waiting = iter(messages)

    async def replayed() -> Message:
        message = next(waiting, None)
        return await receive() if message is None else message

    return replayed


async def _serve(answer: Answer, receive: Receive, send: Send) -> None:
    """The answer is sent, or given up as soon as the client has gone."""
    sending = asyncio.ensure_future(_send_answer(answer, send))
    gone = asyncio.ensure_future(receive())
    try:
        await asyncio.wait({sending, gone}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in (sending, gone):
            task.cancel()
        results = await asyncio.gather(sending, gone, return_exceptions=True)
    if isinstance(results[0], Exception):
        raise results[0]


async def _send_answer(answer: Answer, send: Send) -> None:
    response = await answer()
    try:
        headers = [
            (name.lower().encode("ascii"), value.encode("latin-1"))
            for name, value in response.items()
        ]
        await send(
            {
                "type": "http.response.start",
                "status": response.status_code,
                "headers": headers,
            }
        )
        if isinstance(response, StreamingHttpResponse):
            async for chunk in response.streaming_content:  # type: ignore[union-attr]
                await send({"type": "http.response.body", "body": chunk, "more_body": True})
            await send({"type": "http.response.body", "body": b""})
        else:
            await send({"type": "http.response.body", "body": response.content})  # type: ignore[attr-defined]
    finally:
        response.close()
