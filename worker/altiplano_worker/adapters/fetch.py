"""Fetches one document from the public internet, and from nowhere else.

Every hop is judged anew: its scheme, its host, and the address behind the host, which is the
address that is connected to. Size, time and the number of hops are bounded.
"""

import asyncio
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import urljoin, urlsplit

import aiohttp
from aiohttp.abc import AbstractResolver
from aiohttp.resolver import ThreadedResolver

from altiplano_sdk import PermanentError, RetryableError
from altiplano_worker.adapters.http import CONNECT_SECONDS, HttpRefusedError, PublicResolver
from altiplano_worker.adapters.public_address import is_public_address

MAX_HOPS: Final = 5
_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
_BUSY: Final = frozenset({408, 425, 429})
_HEADERS: Final = {
    "User-Agent": "Altiplano document fetcher",
    "Accept": "application/pdf, text/html, text/*;q=0.9, */*;q=0.5",
    "Accept-Encoding": "identity",
}


class FetchRefusedError(PermanentError):
    """The document cannot be fetched, and trying again would not change that."""

    code = "fetch_refused"


class FetchUnavailableError(RetryableError):
    """The document cannot be fetched at the moment."""

    code = "fetch_unavailable"


@dataclass(frozen=True, slots=True)
class FetchLimits:
    """``seconds`` bounds everything from the first look-up to the last byte."""

    seconds: float
    bytes: int


async def fetch_document(
    url: str, target: Path, *, limits: FetchLimits, allow_private: bool = False
) -> None:
    """The document's bytes are in ``target``.

    ``allow_private`` exists for tests, which have no public internet. Raises FetchRefusedError or
    FetchUnavailableError; ``target`` may then hold a part. An error of the disk goes on up.
    """
    resolver: AbstractResolver = ThreadedResolver()
    if not allow_private:
        resolver = PublicResolver(resolver)
    connector = aiohttp.TCPConnector(resolver=resolver, use_dns_cache=False, force_close=True)
    try:
        async with (
            asyncio.timeout(limits.seconds),
            aiohttp.ClientSession(
                connector=connector,
                timeout=aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_SECONDS),
                cookie_jar=aiohttp.DummyCookieJar(),
                auto_decompress=False,
                trust_env=False,
            ) as session,
        ):
            await _follow(session, url, target, limits, allow_private=allow_private)
    except TimeoutError as error:
        raise FetchUnavailableError(
            f"The address did not deliver the document within {limits.seconds:.0f} seconds."
        ) from error
    except HttpRefusedError as error:
        raise _private_address() from error
    except (aiohttp.ClientError, ConnectionError, ValueError) as error:
        raise FetchUnavailableError("The address did not answer.") from error


async def _follow(
    session: aiohttp.ClientSession,
    url: str,
    target: Path,
    limits: FetchLimits,
    *,
    allow_private: bool,
) -> None:
    for _ in range(MAX_HOPS):
        _check_hop(url, allow_private=allow_private)
        async with session.get(url, headers=_HEADERS, allow_redirects=False) as response:
            if response.status in _REDIRECTS and "Location" in response.headers:
                url = urljoin(url, response.headers["Location"])
                continue
            _check_status(response)
            await _save(response, target, limits)
            return
    raise FetchRefusedError("The address redirects too often.")


def _check_hop(url: str, *, allow_private: bool) -> None:
    try:
        parts = urlsplit(url)
        host = (parts.hostname or "").rstrip(".")
        _ = parts.port  # raises for a port that is no number
    except ValueError as error:
        raise FetchRefusedError("The address leads to something that is no address.") from error
    is_plain = url.isascii() and url.isprintable() and not set(url) & set(" \\")
    if parts.scheme not in {"http", "https"} or "@" in parts.netloc or not host or not is_plain:
        raise FetchRefusedError("The address leads to something that is no web address.")
    # aiohttp does not ask the resolver about a host that looks like an address.
    looks_like_address = ":" in host or host.rpartition(".")[2][:1].isdigit()
    if looks_like_address and not allow_private and not is_public_address(host):
        raise _private_address()


def _private_address() -> FetchRefusedError:
    return FetchRefusedError(
        "The address leads into a private network. Only documents on the public internet can "
        "be fetched; download it and upload the file instead.",
        code="private_address",
    )


def _check_status(response: aiohttp.ClientResponse) -> None:
    if response.status >= 500 or response.status in _BUSY:
        raise FetchUnavailableError(f"The address answered with error {response.status}.")
    if response.status != 200:
        raise FetchRefusedError(f"The address answered with status {response.status}.")
    if response.headers.get("Content-Encoding", "identity").lower() != "identity":
        raise FetchRefusedError("The address sends a compressed answer unasked.")


async def _save(response: aiohttp.ClientResponse, target: Path, limits: FetchLimits) -> None:
    size = 0
    with target.open("wb") as file:
        while data := await response.content.readany():
            size += len(data)
            if size > limits.bytes:
                raise FetchRefusedError(
                    "The document at this address is larger than a document may be.",
                    code="too_large",
                )
            file.write(data)
    if size == 0:
        raise FetchRefusedError("The address answered with an empty document.", code="empty")
