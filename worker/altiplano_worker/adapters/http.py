"""Outgoing HTTP for plugins: granted hosts, public addresses, bounded requests and answers.

The address that was checked is the address that is connected to: names are resolved by this
module's resolver, and nothing resolves them a second time.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urljoin, urlsplit

import aiohttp
import orjson
from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.resolver import ThreadedResolver

from altiplano_sdk import HttpResponse, PermanentError, RetryableError
from altiplano_worker.adapters.public_address import is_public_address

FORBIDDEN_HEADERS: Final = frozenset(
    {"host", "connection", "content-length", "transfer-encoding", "upgrade", "te", "trailer",
     "accept-encoding", "cookie", "proxy-authorization"}
)  # fmt: skip
ANY_HOST: Final = "*"
METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
MAX_HOPS: Final = 5
_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
_KEEPS_METHOD: Final = frozenset({307, 308})
_OF_ONE_HOST: Final = frozenset({"authorization", "proxy-authorization", "cookie"})
CONNECT_SECONDS: Final = 5.0
_BUSY: Final = frozenset({408, 425, 429})


@dataclass(frozen=True, slots=True)
class HttpLimits:
    """``seconds`` bounds a whole call, from the look-up of the name to the last byte."""

    seconds: float = 60.0
    request_bytes: int = 8 * 1024 * 1024
    response_bytes: int = 16 * 1024 * 1024


class HttpRefusedError(PermanentError):
    """The call is not allowed, or the other side will never accept it."""

    code = "http_refused"


class HttpUnavailableError(RetryableError):
    """The other side did not answer, or not now."""

    code = "http_unavailable"


class GrantedHttp:
    """The :class:`~altiplano_sdk.contracts.HttpClient` capability of one plugin.

    ``hosts`` are the names it was granted, compared as written; ``*.`` and a name grants all hosts
    below it, and ``"*"`` every public host. ``private`` lets hosts lie in a private network, for an
    operator who runs the other side there. ``https_only`` is for plugins from outside.
    """

    def __init__(
        self,
        *,
        hosts: tuple[str, ...],
        private: bool = False,
        https_only: bool = False,
        limits: HttpLimits | None = None,
    ) -> None:
        self._hosts = frozenset(host.lower() for host in hosts)
        self._schemes = frozenset({"https"} if https_only else {"http", "https"})
        self._private = private
        self._limits = limits or HttpLimits()
        self._session: aiohttp.ClientSession | None = None

    async def request(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        body: bytes = b"",
    ) -> HttpResponse:
        """Whatever the other side answered, after at most five redirects to granted hosts.

        Credentials are not carried to another host. Raises HttpRefusedError for what is not allowed
        (``not_granted`` for a host) and HttpUnavailableError when nothing was answered.
        """
        method = method.upper()
        if method not in METHODS:
            raise HttpRefusedError("The method of the request is not valid.")
        if len(body) > self._limits.request_bytes:
            raise HttpRefusedError("The request to the other service is too large.")
        try:
            async with asyncio.timeout(self._limits.seconds):
                return await self._follow(method, url, _clean_headers(headers or {}, None), body)
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            raise HttpUnavailableError("The other service did not answer.") from error

    async def _follow(
        self, method: str, url: str, headers: dict[str, str], body: bytes
    ) -> HttpResponse:
        for _ in range(MAX_HOPS + 1):
            self._check_url(url)
            async with self._open_session().request(
                method, url, data=body or None, headers=headers, allow_redirects=False
            ) as response:
                target = response.headers.get("Location")
                if response.status not in _REDIRECTS or target is None:
                    return HttpResponse(
                        response.status,
                        {name.lower(): value for name, value in response.headers.items()},
                        await self._read(response),
                    )
                if response.status not in _KEEPS_METHOD and method != "HEAD":
                    method, body = "GET", b""
                leads = urljoin(url, target)
                if _origin(leads) != _origin(url):
                    headers = {n: v for n, v in headers.items() if n.lower() not in _OF_ONE_HOST}
                url = leads
        raise HttpRefusedError("The other service redirects too often.")

    async def post_json(
        self, url: str, body: Mapping[str, Any], headers: Mapping[str, str]
    ) -> Mapping[str, Any]:
        """The JSON object that the other side answered with status 200 or 201.

        Raises HttpRefusedError for what is not allowed and for every other answer that trying
        again would not change; HttpUnavailableError for what may pass.
        """
        self._check_url(url)
        data = orjson.dumps(dict(body))
        if len(data) > self._limits.request_bytes:
            raise HttpRefusedError("The request to the other service is too large.")
        try:
            async with (
                asyncio.timeout(self._limits.seconds),
                self._open_session().post(
                    url, data=data, headers=_clean_headers(headers), allow_redirects=False
                ) as response,
            ):
                _check_status(response.status)
                answer = await self._read(response)
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            raise HttpUnavailableError("The other service did not answer.") from error
        return _parse(answer)

    async def close(self) -> None:
        """Every connection is closed; the client may be used again."""
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    def _check_url(self, url: str) -> None:
        try:
            parts = urlsplit(url)
            host = (parts.hostname or "").lower()
            _ = parts.port  # raises for a port that is no number
        except ValueError as error:
            raise HttpRefusedError("The address of the other service is not valid.") from error
        clean = url.isascii() and url.isprintable() and not set(url) & set(" \\")
        if parts.scheme not in self._schemes or parts.username is not None or not clean:
            raise HttpRefusedError("The address of the other service is not valid.")
        if not host or not self._is_granted(host):
            raise HttpRefusedError("The plugin was not granted this host.", code="not_granted")
        # aiohttp does not ask the resolver about a host that looks like an address.
        if not self._private and _looks_like_address(host) and not is_public_address(host):
            raise _private_network_error()

    def _is_granted(self, host: str) -> bool:
        if self._hosts & {host, ANY_HOST}:
            return True
        above = host.split(".")[1:]
        return any("*." + ".".join(above[n:]) in self._hosts for n in range(len(above)))

    async def _read(self, response: aiohttp.ClientResponse) -> bytes:
        if response.headers.get("Content-Encoding", "identity").lower() != "identity":
            raise HttpRefusedError("The other service sends a compressed answer unasked.")
        answer = bytearray()
        while data := await response.content.readany():
            answer += data
            if len(answer) > self._limits.response_bytes:
                raise HttpRefusedError("The answer of the other service is too large.")
        return bytes(answer)

    def _open_session(self) -> aiohttp.ClientSession:
        if self._session is None:
            resolver: AbstractResolver = ThreadedResolver()
            if not self._private:
                resolver = PublicResolver(resolver)
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=16, resolver=resolver, use_dns_cache=False),
                timeout=aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_SECONDS),
                cookie_jar=aiohttp.DummyCookieJar(),
                auto_decompress=False,
                trust_env=False,
            )
        return self._session


class PublicResolver(AbstractResolver):
    """Resolves names as ``inner`` does and refuses those with any address that is not public.

    Raises HttpRefusedError then, which is no OSError on purpose: aiohttp would wrap that.
    """

    def __init__(self, inner: AbstractResolver) -> None:
        self._inner = inner

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        found = await self._inner.resolve(host, port, family)
        if not all(is_public_address(result["host"]) for result in found):
            raise _private_network_error()
        return found

    async def close(self) -> None:
        await self._inner.close()


def _private_network_error() -> HttpRefusedError:
    return HttpRefusedError(
        "The other service lies in a private network, where plugins may not go."
    )


def _looks_like_address(host: str) -> bool:
    """True for every address and for the short, octal and hexadecimal forms of IPv4.

    A name of the public DNS never ends in a label that begins with a digit.
    """
    return ":" in host or host.rpartition(".")[2][:1].isdigit()


def _origin(url: str) -> tuple[str, str]:
    parts = urlsplit(url)
    return parts.scheme, parts.netloc.lower()


def _clean_headers(
    headers: Mapping[str, str], media_type: str | None = "application/json"
) -> dict[str, str]:
    if any(not (name + value).isprintable() for name, value in headers.items()):
        raise HttpRefusedError("A header of the request is not valid.")
    allowed = {n: v for n, v in headers.items() if n.lower() not in FORBIDDEN_HEADERS}
    default = {"Content-Type": media_type} if media_type else {}
    return {**default, **allowed, "Accept-Encoding": "identity"}


def _check_status(status: int) -> None:
    if status in {200, 201}:
        return
    if status in _BUSY or status >= 500:
        raise HttpUnavailableError(f"The other service cannot answer now (status {status}).")
    raise HttpRefusedError(f"The other service refused the request (status {status}).")


def _parse(answer: bytes) -> Mapping[str, Any]:
    try:
        parsed = orjson.loads(answer)
    except orjson.JSONDecodeError as error:
        raise HttpRefusedError("The other service did not answer with JSON.") from error
    if not isinstance(parsed, dict):
        raise HttpRefusedError("The other service did not answer with a JSON object.")
    return parsed
