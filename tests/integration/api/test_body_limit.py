"""Bodies past the limit, sent to the ASGI application itself: declared, undeclared, endless."""

import asyncio
import json

import pytest
from django.core.asgi import get_asgi_application

from altiplano.config.body_limit import FORM_OVERHEAD, with_body_limit
from altiplano.config.request_connections import close_with_requests

pytestmark = pytest.mark.django_db(transaction=True)

LIMIT = 10_000


@pytest.fixture
def application(settings):
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = LIMIT
    settings.MAX_UPLOAD_BYTES = 5 * LIMIT + FORM_OVERHEAD
    close_with_requests()
    return with_body_limit(get_asgi_application())


async def post(application, headers, chunks) -> tuple[int, dict, int]:
    """Status, problem and how many chunks were taken."""
    sent, taken = [], 0
    source, is_over = iter(chunks), False

    async def receive():
        nonlocal taken, is_over
        if is_over:
            await asyncio.Future()  # the client waits for its answer
        chunk = next(source, None)
        if chunk is None:
            is_over = True
            return {"type": "http.request", "body": b"", "more_body": False}
        taken += 1
        return {"type": "http.request", "body": chunk, "more_body": True}

    async def send(event):
        sent.append(event)

    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "POST",
        "scheme": "http",
        "path": "/api/v1/apps",
        "raw_path": b"/api/v1/apps",
        "query_string": b"",
        "headers": [(b"host", b"127.0.0.1"), *headers],
        "client": ("127.0.0.1", 5),
        "server": ("127.0.0.1", 80),
    }
    await application(scope, receive, send)
    assert [event["type"] for event in sent][:1] == ["http.response.start"]
    body = b"".join(event.get("body", b"") for event in sent[1:])
    return sent[0]["status"], json.loads(body), taken


def endless():
    while True:
        yield b"x" * 4096


async def test_declared_length_past_the_limit_is_refused_unread(application):
    headers = [(b"content-type", b"application/json"), (b"content-length", b"999999999")]
    status, said, taken = await post(application, headers, endless())
    assert (status, said["code"], taken) == (413, "too_large", 0)


@pytest.mark.parametrize("length", [[], [(b"content-length", b"5")], [(b"content-length", b"-1")]])
async def test_body_without_an_end_is_cut_off(application, length):
    headers = [(b"content-type", b"application/json"), *length]
    status, said, taken = await post(application, headers, endless())
    assert (status, said["code"]) == (413, "too_large")
    assert taken <= (LIMIT + FORM_OVERHEAD) // 4096 + 1


async def test_form_may_bring_more_and_not_everything(application):
    headers = [(b"content-type", b"multipart/form-data; boundary=x")]
    status, said, taken = await post(application, headers, endless())
    assert (status, said["code"]) == (413, "too_large")
    assert taken > (LIMIT + FORM_OVERHEAD) // 4096 + 1


async def test_body_over_djangos_limit_is_refused_alike(application, alice):
    key = ("authorization", f"Bearer {alice.key}")
    headers = [(b"content-type", b"application/json"), tuple(part.encode() for part in key)]
    status, said, _ = await post(application, headers, [b'"' + b"x" * (LIMIT + 1) + b'"'])
    assert (status, said["code"]) == (413, "too_large")


async def test_body_within_the_limit_reaches_the_route(application, alice):
    headers = [
        (b"content-type", b"application/json"),
        (b"authorization", f"Bearer {alice.key}".encode()),
    ]
    status, said, _ = await post(
        application, headers, [b'{"name": "G', b'arden", "template": "chat"}']
    )
    assert (status, said["slug"]) == (201, "garden")
