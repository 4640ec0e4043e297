import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from altiplano_worker.adapters.http import (
    GrantedHttp,
    HttpLimits,
    HttpRefusedError,
    HttpUnavailableError,
    PublicResolver,
)

pytestmark = pytest.mark.asyncio

OK = b'HTTP/1.1 200 OK\r\ncontent-length: 12\r\n\r\n{"ok": true}'


@asynccontextmanager
async def answering(response: bytes, *, then_hang: bool = False) -> AsyncIterator[tuple[str, list]]:
    """A server on loopback that answers everything with ``response``; yields URL and requests."""
    seen: list[tuple[bytes, bytes]] = []
    handlers: list[asyncio.Task] = []

    async def handle(reader, writer):
        handlers.append(asyncio.current_task())
        head = await reader.readuntil(b"\r\n\r\n")
        length = int(head.lower().split(b"content-length:")[1].split(b"\r\n")[0])
        seen.append((head, await reader.readexactly(length)))
        writer.write(response)
        if then_hang:
            await reader.read()
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()

    server = await asyncio.start_server(handle, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1/embeddings", seen
    await asyncio.gather(*handlers)


@asynccontextmanager
async def granted(**options) -> AsyncIterator[GrantedHttp]:
    http = GrantedHttp(**{"hosts": ("127.0.0.1", "localhost"), "private": True, **options})
    try:
        yield http
    finally:
        await http.close()


async def test_post_json_sends_the_body_and_returns_the_answer():
    async with answering(OK) as (url, seen), granted() as http:
        answer = await http.post_json(url, {"input": ["a"]}, {"Authorization": "Bearer k"})
    assert answer == {"ok": True}
    head, body = seen[0]
    assert json.loads(body) == {"input": ["a"]}
    assert b"Authorization: Bearer k" in head


async def test_headers_that_steer_the_connection_are_not_the_plugins():
    async with answering(OK) as (url, seen), granted() as http:
        await http.post_json(url, {}, {"Host": "inner", "Cookie": "a=b", "X-Own": "1"})
    head = seen[0][0].lower()
    assert b"inner" not in head
    assert b"cookie" not in head
    assert b"x-own: 1" in head


@pytest.mark.parametrize(
    "url",
    [
        "http://other.example/", "ftp://localhost/", "file:///etc/passwd", "http://localhost@evil/",
        "http://user@localhost/", "http://localhost:x/", "http://localhost\\@evil/",
        "http://localhost/ a", "http://local\nhost/", "//localhost/", "", "http://localhost./",
        "http://ⓛocalhost/",
    ],
)  # fmt: skip
async def test_url_outside_the_grant_is_refused_without_a_connection(url):
    async with granted() as http:
        with pytest.raises(HttpRefusedError):
            await http.post_json(url, {}, {})


async def test_grant_of_every_host_is_one_of_every_public_host():
    async with answering(OK) as (url, seen):
        async with granted(hosts=("*",)) as http:
            assert await http.post_json(url, {}, {}) == {"ok": True}
        async with granted(hosts=("*",), private=False) as http:
            for address in (url, url.replace("127.0.0.1", "localhost"), "http:///v1"):
                with pytest.raises(HttpRefusedError):
                    await http.post_json(address, {}, {})
    assert len(seen) == 1


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "localhost", "[::1]", "127.1", "2130706433", "0x7f.1"]
)
async def test_granted_name_that_leads_to_a_private_address_is_refused(host):
    async with (
        answering(OK) as (url, seen),
        granted(hosts=(host.strip("[]"),), private=False) as http,
    ):
        with pytest.raises(HttpRefusedError, match="private network"):
            await http.post_json(url.replace("127.0.0.1", host), {}, {})
    assert seen == []


async def test_one_private_address_among_public_ones_is_enough_to_refuse():
    class TwoFaced:
        async def resolve(self, host, port=0, family=0):
            return [{"host": "1.1.1.1"}, {"host": "10.0.0.1"}]

    with pytest.raises(HttpRefusedError):
        await PublicResolver(TwoFaced()).resolve("two.example")


@pytest.mark.parametrize(
    ("response", "kind"),
    [
        (b"HTTP/1.1 302 Found\r\nlocation: http://10.0.0.1/\r\ncontent-length: 0\r\n\r\n",
         HttpRefusedError),
        (b"HTTP/1.1 400 Bad\r\ncontent-length: 0\r\n\r\n", HttpRefusedError),
        (b"HTTP/1.1 429 Busy\r\ncontent-length: 0\r\n\r\n", HttpUnavailableError),
        (b"HTTP/1.1 500 Oops\r\ncontent-length: 0\r\n\r\n", HttpUnavailableError),
        (b"HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\nabc", HttpRefusedError),
        (b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n[]", HttpRefusedError),
        (b"HTTP/1.1 200 OK\r\ncontent-length: 99\r\n\r\n{}", HttpUnavailableError),
        (b"HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: 2\r\n\r\n{}",
         HttpRefusedError),
        (b"HTTP/1.1 200 OK\r\n\r\n" + b" " * 2000, HttpRefusedError),
        (b"nonsense\r\n\r\n", HttpUnavailableError),
        (b"", HttpUnavailableError),
    ],
)  # fmt: skip
async def test_unusable_answer_is_refused_or_worth_another_try(response, kind):
    limits = HttpLimits(response_bytes=1000)
    async with answering(response) as (url, _), granted(limits=limits) as http:
        with pytest.raises(kind) as caught:
            await http.post_json(url, {}, {})
    assert "127.0.0.1" not in caught.value.message


async def test_slow_answer_ends_at_the_limit():
    async with (
        answering(b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n{", then_hang=True) as (url, _),
        granted(limits=HttpLimits(seconds=0.2)) as http,
    ):
        with pytest.raises(HttpUnavailableError):
            await http.post_json(url, {}, {})


async def test_large_request_is_refused():
    async with granted(limits=HttpLimits(request_bytes=10)) as http:
        with pytest.raises(HttpRefusedError, match="too large"):
            await http.post_json("http://localhost/", {"input": "x" * 20}, {})


async def test_header_with_a_line_break_is_refused():
    async with granted() as http:
        with pytest.raises(HttpRefusedError, match="header"):
            await http.post_json("http://localhost/", {}, {"X": "a\r\nY: b"})
