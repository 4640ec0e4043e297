"""The two requests that hundreds make at once, answered without Django's middleware.

A program that streams an answer by key needs no session, no cookie, no language and no message; but
each piece of middleware costs two hops between threads, which at 256 streams at once is most of
the work. The lane calls what the routes call (``answer_chat``, ``stream_run``), and only that: a
request that is not a well-formed one by key goes on to Django unchanged, which answers it in full.
"""

import asyncio
import re
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, Final

import structlog
from django.http import StreamingHttpResponse
from django.http.response import HttpResponseBase
from pydantic import ValidationError

from altiplano.kernel.errors import DomainError
from altiplano.kernel.problems import problem, problem_from_error
from altiplano.runs.interfaces.api import stream_run
from altiplano.runs.interfaces.openai import (
    answer_chat,
    error_response,
    fault_response,
    principal_of,
)
from altiplano.runs.interfaces.schemas import RunIn

log = structlog.get_logger(__name__)

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Message, Receive, Send], Awaitable[None]]

CHAT_PATH: Final = "/v1/chat/completions"
RUN_PATH: Final = re.compile(r"/api/v1/apps/([0-9a-fA-F-]{36})/runs")
FAULT: Final = "Something went wrong on our side. Please try again."
HEADERS: Final = ((b"x-content-type-options", b"nosniff"), (b"referrer-policy", b"same-origin"))


class FastLane:
    """The application around ``application``. ``parse`` reads JSON as the API's routes do."""

    def __init__(self, application: Application, *, parse: Callable[[bytes], Any]) -> None:
        self._application = application
        self._parse = parse

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        authorization = _key_of(scope)
        if authorization is None:
            await self._application(scope, receive, send)
            return
        body, messages = await _read_body(receive)
        if body is None:  # the client has gone, or sent too much
            return
        answer = self._plan(scope["path"], authorization, body)
        if answer is None:
            await self._application(scope, _replay(messages, receive), send)
            return
        await _serve(answer, receive, send)

    def _plan(
        self, path: str, authorization: str, body: bytes
    ) -> Callable[[], Awaitable[HttpResponseBase]] | None:
        """What answers the request here; None for one that Django must see."""
        if path == CHAT_PATH:
            return lambda: _answer_chat(authorization, body)
        match = RUN_PATH.fullmatch(path)
        try:
            wish = RunIn.model_validate(self._parse(body))
        except (DomainError, ValidationError):
            return None
        if match is None or not wish.stream:
            return None
        app_id = match[1]
        return lambda: _answer_run(authorization, app_id, wish)


def _key_of(scope: Message) -> str | None:
    """The credential of a request that may take the lane."""
    if scope["type"] != "http" or scope["method"] != "POST":
        return None
    path = scope["path"]
    if path != CHAT_PATH and RUN_PATH.fullmatch(path) is None:
        return None
    found = {
        name: value
        for name, value in scope["headers"]
        if name in {b"authorization", b"content-type", b"content-encoding"}
    }
    key = found.get(b"authorization", b"")
    if not key.lower().startswith(b"bearer ") or not key.isascii():
        return None
    if found.get(b"content-type", b"").partition(b";")[0].strip().lower() != b"application/json":
        return None
    return None if b"content-encoding" in found else key.decode("ascii")


async def _answer_chat(authorization: str, body: bytes) -> HttpResponseBase:
    try:
        return await answer_chat(authorization, body)
    except DomainError as error:
        return error_response(error)
    except Exception:
        log.exception("request.failed", path=CHAT_PATH)
        return fault_response()


async def _answer_run(authorization: str, app_id: str, wish: RunIn) -> HttpResponseBase:
    try:
        return await stream_run(lambda: principal_of(authorization), app_id, wish)
    except DomainError as error:
        return problem_from_error(error)
    except Exception:
        log.exception("request.failed", path="/api/v1/apps/…/runs")
        return problem(500, "internal_error", FAULT)


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


async def _serve(
    answer: Callable[[], Awaitable[HttpResponseBase]], receive: Receive, send: Send
) -> None:
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


async def _send_answer(answer: Callable[[], Awaitable[HttpResponseBase]], send: Send) -> None:
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
                "headers": [*headers, *HEADERS],
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
