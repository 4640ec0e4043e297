"""No request brings more than it may, whatever its headers say.

Django's ASGI handler writes a whole body to the disk before it looks at it, and believes
``Content-Length``; both are too late and too trusting for a body without an end.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from django.conf import settings

from altiplano.config.api_errors import plain_problem

if TYPE_CHECKING:
    from asgiref.typing import (
        ASGI3Application,
        ASGIReceiveCallable,
        ASGIReceiveEvent,
        ASGISendCallable,
        ASGISendEvent,
        HTTPScope,
        Scope,
    )

FORM = b"multipart/form-data"
FORM_OVERHEAD = 64 * 1024
"""What surrounds a JSON body of the largest size when it is counted on the wire."""


def with_body_limit(application: ASGI3Application) -> ASGI3Application:
    """The application, never given more of a body than the limit for its type; 413 past it."""

    async def limited(scope: Scope, receive: ASGIReceiveCallable, send: ASGISendCallable) -> None:
        if scope["type"] != "http":
            await application(scope, receive, send)
            return
        headers = dict(scope["headers"])
        limit = _limit_for(headers.get(b"content-type", b""))
        declared = headers.get(b"content-length", b"0")
        if declared.isdigit() and int(declared) > limit:
            await _refuse(send)
            return
        await _Counted(limit).run(application, scope, receive, send)

    return limited


def _limit_for(content_type: bytes) -> int:
    if content_type.lower().startswith(FORM):
        return int(settings.MAX_UPLOAD_BYTES)
    return int(settings.DATA_UPLOAD_MAX_MEMORY_SIZE) + FORM_OVERHEAD


class _Counted:
    """One request whose body is counted as it arrives."""

    def __init__(self, limit: int) -> None:
        self._left = limit
        self._is_answered = False

    async def run(
        self,
        application: ASGI3Application,
        scope: HTTPScope,
        receive: ASGIReceiveCallable,
        send: ASGISendCallable,
    ) -> None:
        async def receive_counted() -> ASGIReceiveEvent:
            event = await receive()
            if event["type"] == "http.request":
                self._left -= len(event["body"])
                if self._left < 0:
                    # To the application the client has gone; it drops what it has of the body.
                    return {"type": "http.disconnect"}
            return event

        async def send_noted(event: ASGISendEvent) -> None:
            self._is_answered = True
            await send(event)

        await application(scope, receive_counted, send_noted)
        if self._left < 0 and not self._is_answered:
            await _refuse(send)


async def _refuse(send: ASGISendCallable) -> None:
    response = plain_problem(413)
    headers = [
        (name.lower().encode("ascii"), value.encode("latin-1"))
        for name, value in response.headers.items()
    ]
    start: dict[str, Any] = {
        "type": "http.response.start",
        "status": 413,
        "headers": [*headers, (b"connection", b"close")],
    }
    await send(cast("ASGISendEvent", start))
    body: dict[str, Any] = {"type": "http.response.body", "body": response.content}
    await send(cast("ASGISendEvent", body))
