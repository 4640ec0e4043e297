"""Fetching documents: from the public internet only, at every hop, within bounds (C17, C18)."""

import asyncio

import pytest
from aiohttp import web

from altiplano_worker.adapters import fetch
from altiplano_worker.adapters.fetch import (
    FetchLimits,
    FetchRefusedError,
    FetchUnavailableError,
    fetch_document,
)

LIMITS = FetchLimits(seconds=5, bytes=100_000)


@pytest.fixture
async def site(unused_tcp_port_factory):
    """A web server that keeps a list of what it was asked; yields its address and the list."""
    asked: list[str] = []

    async def serve(request: web.Request) -> web.StreamResponse:  # noqa: PLR0911 - one per page
        asked.append(request.path_qs)
        match request.match_info["what"]:
            case "good":
                return web.Response(body=b"Beans climb.")
            case "status":
                return web.Response(status=int(request.query["code"]))
            case "hop":
                return web.Response(
                    status=int(request.query.get("code", "302")),
                    headers={"Location": request.query["to"]},
                )
            case "loop":
                return web.Response(status=302, headers={"Location": "/loop"})
            case "empty":
                return web.Response(body=b"")
            case "gzip":
                return web.Response(body=b"x", headers={"Content-Encoding": "gzip"})
        response = web.StreamResponse()
        await response.prepare(request)
        if request.match_info["what"] == "endless":
            for _ in range(10_000):
                await response.write(b"x" * 10_000)
        else:
            await response.write(b"x")
            await asyncio.Event().wait()
        return response

    app = web.Application()
    app.router.add_get("/{what}", serve)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    port = unused_tcp_port_factory()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    yield f"http://127.0.0.1:{port}", asked
    await runner.cleanup()


async def get(url, tmp_path, limits=LIMITS, *, allow_private=True) -> bytes:
    await fetch_document(url, tmp_path / "file", limits=limits, allow_private=allow_private)
    return (tmp_path / "file").read_bytes()


async def test_document_is_fetched_also_over_hops(site, tmp_path):
    url, _ = site
    assert await get(f"{url}/good", tmp_path) == b"Beans climb."
    for code in (301, 302, 303, 307, 308):
        assert await get(f"{url}/hop?to=/good&code={code}", tmp_path) == b"Beans climb."


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1", "2130706433", "0177.0.0.1", "0x7f.1", "127.1", "127.0.0.1.", "localhost",
        "localhost.", "[::1]", "[::ffff:127.0.0.1]", "169.254.169.254", "10.0.0.1", "192.168.1.1",
        "[fe80::1]", "0.0.0.0", "100.64.0.1",
    ],
)  # fmt: skip
async def test_c17_private_addresses_are_refused_and_never_asked(site, tmp_path, host):
    url, asked = site
    port = url.rpartition(":")[2]
    with pytest.raises((FetchRefusedError, FetchUnavailableError)):
        await get(f"http://{host}:{port}/good", tmp_path, allow_private=False)
    assert asked == []


@pytest.mark.parametrize(
    "target",
    ["file:///etc/passwd", "ftp://example.org/", "gopher://x", "http://user@127.0.0.1/"],
)
async def test_c18_hop_to_what_is_no_web_address_is_refused(site, tmp_path, target):
    url, asked = site
    with pytest.raises(FetchRefusedError):
        await get(f"{url}/hop?to={target}", tmp_path)
    assert len(asked) == 1


async def test_c18_every_hop_is_judged_anew(site, tmp_path, monkeypatch):
    url, asked = site
    real, seen = fetch._check_hop, []

    def first_hop_is_public(hop, *, allow_private):
        seen.append(hop)
        real(hop, allow_private=len(seen) == 1)

    monkeypatch.setattr(fetch, "_check_hop", first_hop_is_public)
    with pytest.raises(FetchRefusedError, match="private network"):
        await get(f"{url}/hop?to={url}/good", tmp_path)
    assert len(asked) == 1


async def test_c18_too_many_hops_too_many_bytes_too_much_time(site, tmp_path):
    url, asked = site
    with pytest.raises(FetchRefusedError, match="too often"):
        await get(f"{url}/loop", tmp_path)
    assert len(asked) == fetch.MAX_HOPS
    with pytest.raises(FetchRefusedError, match="larger"):
        await get(f"{url}/endless", tmp_path)
    with pytest.raises(FetchUnavailableError, match="did not deliver"):
        await get(f"{url}/slow", tmp_path, FetchLimits(seconds=0.3, bytes=1000))


async def test_answers_that_are_no_document_are_said(site, tmp_path):
    url, _ = site
    for path, kind, words in (
        ("empty", FetchRefusedError, "empty"),
        ("gzip", FetchRefusedError, "compressed"),
        ("status?code=404", FetchRefusedError, "404"),
        ("status?code=204", FetchRefusedError, "204"),
        ("status?code=503", FetchUnavailableError, "503"),
        ("status?code=429", FetchUnavailableError, "429"),
    ):
        with pytest.raises(kind, match=words):
            await get(f"{url}/{path}", tmp_path)


async def test_nobody_there_is_unavailable(tmp_path, unused_tcp_port):
    with pytest.raises(FetchUnavailableError, match="did not answer"):
        await get(f"http://127.0.0.1:{unused_tcp_port}/", tmp_path)


async def test_full_disk_is_not_blamed_on_the_address(site, tmp_path):
    url, _ = site
    with pytest.raises(FileNotFoundError):
        await get(f"{url}/good", tmp_path / "missing")
