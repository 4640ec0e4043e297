"""The general request of GrantedHttp: any method, redirects to granted hosts, hosts below a name."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from altiplano_worker.adapters.http import (
    GrantedHttp,
    HttpLimits,
    HttpRefusedError,
    HttpUnavailableError,
)


@asynccontextmanager
async def serving(*responses: bytes) -> AsyncIterator[tuple[str, list[bytes]]]:
    """A server that answers one request after the other, then no more; yields URL and requests."""
    seen: list[bytes] = []
    left = list(responses)
    handlers: list[asyncio.Task | None] = []

    async def handle(reader, writer):
        handlers.append(asyncio.current_task())
        with contextlib.suppress(asyncio.IncompleteReadError):
            while left:
                head = await reader.readuntil(b"\r\n\r\n")
                length = 0
                if b"content-length:" in head.lower():
                    length = int(head.lower().split(b"content-length:")[1].split(b"\r\n")[0])
                seen.append(head + await reader.readexactly(length))
                writer.write(left.pop(0))
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()

    server = await asyncio.start_server(handle, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/a", seen
        server.close()
    await asyncio.gather(*(handler for handler in handlers if handler))


def answer(status: str, body: bytes = b"", **headers: str) -> bytes:
    lines = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in headers.items())
    return f"HTTP/1.1 {status}\r\ncontent-length: {len(body)}\r\n{lines}\r\n".encode() + body


@asynccontextmanager
async def granted(**options) -> AsyncIterator[GrantedHttp]:
    http = GrantedHttp(**{"hosts": ("127.0.0.1",), "private": True, **options})
    try:
        yield http
    finally:
        await http.close()


async def test_request_tells_status_headers_and_body_of_any_answer():
    reply = answer("404 Not Found", b"no", X_Own="1")
    async with serving(reply) as (url, seen), granted() as http:
        found = await http.request("get", url, headers={"X-Ask": "2", "Host": "inner"})
    assert (found.status, found.headers["x-own"], found.body) == (404, "1", b"no")
    assert seen[0].startswith(b"GET /a ")
    assert b"x-ask: 2" in seen[0].lower()
    assert b"inner" not in seen[0]


async def test_request_follows_a_redirect_to_a_granted_host():
    moved = answer("303 See Other", Location="/b")
    async with serving(moved, answer("200 OK", b"there")) as (url, seen), granted() as http:
        found = await http.request("POST", url, headers={"Authorization": "key"}, body=b"x")
    assert (found.status, found.body) == (200, b"there")
    assert seen[1].startswith(b"GET /b ")
    assert b"Authorization: key" in seen[1]


async def test_request_does_not_carry_credentials_to_another_origin():
    async with serving(answer("200 OK")) as (there, seen):
        moved = answer("307 Temporary Redirect", Location=there)
        async with serving(moved) as (url, _), granted() as http:
            await http.request("POST", url, headers={"Authorization": "key"}, body=b"x")
    assert seen[0].startswith(b"POST /a ")
    assert b"Authorization" not in seen[0]


@pytest.mark.parametrize("target", ["http://10.0.0.1/", "http://other.example/", "file:///etc"])
async def test_request_does_not_follow_to_a_host_that_was_not_granted(target):
    moved = answer("302 Found", Location=target)
    async with serving(moved) as (url, _), granted() as http:
        with pytest.raises(HttpRefusedError):
            await http.request("GET", url)


async def test_request_gives_up_after_some_redirects():
    moved = [answer("302 Found", Location="/again")] * 9
    async with serving(*moved) as (url, seen), granted() as http:
        with pytest.raises(HttpRefusedError, match="too often"):
            await http.request("GET", url)
    assert len(seen) == 6


async def test_request_refuses_what_is_too_large_either_way():
    limits = HttpLimits(request_bytes=10, response_bytes=10)
    async with (
        serving(answer("200 OK", b"x" * 11)) as (url, seen),
        granted(limits=limits) as http,
    ):
        with pytest.raises(HttpRefusedError, match="too large"):
            await http.request("PUT", url, body=b"x" * 11)
        assert seen == []
        with pytest.raises(HttpRefusedError, match="too large"):
            await http.request("GET", url)


async def test_request_knows_methods_and_silence():
    async with granted(limits=HttpLimits(seconds=0.5)) as http:
        with pytest.raises(HttpRefusedError, match="method"):
            await http.request("CONNECT", "http://127.0.0.1/")
        with pytest.raises(HttpUnavailableError):
            await http.request("GET", "http://127.0.0.1:1/")


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("https://example.org/", "not_granted"),
        ("https://badexample.org/", "not_granted"),
        ("https://api.example.org.evil.net/", "not_granted"),
        ("http://api.example.org/", "http_refused"),
    ],
)
async def test_name_with_a_star_grants_what_lies_below_it_over_https(url, code):
    async with granted(hosts=("*.example.org",), https_only=True, private=False) as http:
        with pytest.raises(HttpRefusedError) as refused:
            await http.request("GET", url)
    assert refused.value.code == code


async def test_hosts_below_a_granted_name_are_granted():
    http = GrantedHttp(hosts=("*.example.org",), private=True, limits=HttpLimits(seconds=0.5))
    for url in ("http://api.example.org:1/", "http://a.b.example.org:1/"):
        with pytest.raises(HttpUnavailableError):
            await http.request("GET", url)
    await http.close()
