"""The one client of model endpoints: OpenAI's chat protocol over HTTP, streamed.

Errors, all of the SDK's tree, with their stable codes::

    EngineError               engine_failed       garbage, a cut stream, a 4xx or 5xx
    ├── EngineUnavailableError    engine_unavailable  no connection
    ├── EngineTimeoutError        engine_timeout      no first token, silence, or over the total
    ├── EngineOverloadedError     engine_overloaded   429 or 503
    └── ContextOverflowError      context_overflow    the prompt does not fit

A request is repeated once, and only when its connection failed before a single byte of a response
had come, as a kept-alive connection does that the other side has closed meanwhile.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType, TracebackType
from typing import Final, Self

import aiohttp
import orjson
import structlog

from altiplano_sdk import (
    EngineTimeoutError,
    GenerationEvent,
    GenerationRequest,
)
from altiplano_worker.adapters.chat_stream import ChatStream
from altiplano_worker.adapters.engine_protocol import (
    ContextOverflowError,
    EndpointConfig,
    EngineOverloadedError,
    cut_error,
    describe_problem,
    encode_request,
    garbage_error,
    status_error,
    unreachable_error,
)
from altiplano_worker.adapters.engine_trace import EngineCall
from altiplano_worker.adapters.watchdog import Expiry, Watchdog

__all__ = [
    "ContextOverflowError",
    "EndpointConfig",
    "EngineClient",
    "EngineHealth",
    "EngineOverloadedError",
]

ERROR_BODY_BYTES: Final = 64 * 1024
CONNECT_SECONDS: Final = 5.0
KEEP_ALIVE_SECONDS: Final = 4.0
"""Less than the five seconds after which uvicorn, and so vLLM, closes an idle connection."""
RETRY_PAUSE_SECONDS: Final = 0.2
DRAIN_SECONDS: Final = 1.0
CHECK_SECONDS: Final = 5.0
NO_HEADERS: Final[Mapping[str, str]] = MappingProxyType({})

log = structlog.get_logger("altiplano.engine")


@dataclass(frozen=True, slots=True)
class EngineHealth:
    """What a look at an endpoint found. ``message`` is a sentence; ``models`` what it serves."""

    ok: bool
    message: str
    models: tuple[str, ...] = ()
    context_tokens: int | None = None
    latency_ms: float = 0.0


class EngineClient:
    """Connections to all endpoints, pooled. Belongs to the event loop of its first call."""

    def __init__(self, *, max_connections: int = 1024) -> None:
        self._max_connections = max_connections
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Every connection is closed; the client may be used again."""
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    async def stream_chat(
        self, endpoint: EndpointConfig, request: GenerationRequest, *, salt: str | None = None
    ) -> AsyncIterator[GenerationEvent]:
        """Any number of non-empty TextDeltas, the tool calls, then one GenerationDone.

        Closing the iterator early, or cancelling its task, closes the connection, which makes
        the engine abort the request. ``salt`` parts the prefix caches of tenants.
        """
        body = encode_request(endpoint, request, salt=salt)
        watchdog = Watchdog(
            first=endpoint.first_token_seconds,
            silence=endpoint.silence_seconds,
            total=endpoint.total_seconds,
        )
        with EngineCall(endpoint) as call:
            response = await self._open(endpoint, body, watchdog, call.headers())
            watchdog.guard(response.close)
            stream = ChatStream()
            reusable = False
            try:
                if response.content_type != "text/event-stream":
                    raise garbage_error()
                while not stream.done and (data := await response.content.readany()):
                    watchdog.touch()
                    events = stream.feed(data)
                    if stream.has_begun:
                        watchdog.begin()
                    for event in events:
                        call.note(event)
                        yield event
                if watchdog.expired:
                    raise _timeout_error(watchdog.expired)
                for event in () if stream.done else stream.end():
                    yield event
                reusable = await _drain(response)
            except (aiohttp.ClientError, ConnectionError) as error:
                if watchdog.expired:
                    raise _timeout_error(watchdog.expired) from error
                raise cut_error() from error
            finally:
                watchdog.stop()
                if not reusable:
                    response.close()

    async def check(self, endpoint: EndpointConfig) -> EngineHealth:
        """What the endpoint says it serves. Never raises: trouble is a state with a sentence."""
        started = time.monotonic()
        try:
            async with asyncio.timeout(CHECK_SECONDS):
                response = await self._request("GET", endpoint, "models", None)
                async with response:
                    body = await _read_capped(response)
        except (aiohttp.ClientError, OSError, TimeoutError):
            return EngineHealth(ok=False, message=unreachable_error().message)
        latency_ms = (time.monotonic() - started) * 1000
        if response.status != 200:
            problem = status_error(response.status, body)
            return EngineHealth(ok=False, message=problem.message, latency_ms=latency_ms)
        return _read_models(body, endpoint.model, latency_ms)

    async def _open(
        self, endpoint: EndpointConfig, body: bytes, watchdog: Watchdog, headers: Mapping[str, str]
    ) -> aiohttp.ClientResponse:
        """A response whose status is 200; its body is not read yet."""
        try:
            async with asyncio.timeout_at(watchdog.deadline):
                response = await self._request_twice(endpoint, body, headers)
                if response.status == 200:
                    return response
                async with response:
                    problem = await _read_capped(response)
        except (aiohttp.ClientError, ConnectionError) as error:
            raise unreachable_error() from error
        except TimeoutError as error:
            raise _timeout_error(Expiry.FIRST) from error
        log.warning(
            "engine_refused",
            model=endpoint.model,
            status=response.status,
            problem=describe_problem(problem),
        )
        raise status_error(response.status, problem)

    async def _request_twice(
        self, endpoint: EndpointConfig, body: bytes, headers: Mapping[str, str]
    ) -> aiohttp.ClientResponse:
        try:
            return await self._request("POST", endpoint, "chat/completions", body, headers)
        except (aiohttp.ClientConnectionError, ConnectionError):
            await asyncio.sleep(RETRY_PAUSE_SECONDS)
            return await self._request("POST", endpoint, "chat/completions", body, headers)

    async def _request(
        self,
        method: str,
        endpoint: EndpointConfig,
        path: str,
        body: bytes | None,
        headers: Mapping[str, str] = NO_HEADERS,
    ) -> aiohttp.ClientResponse:
        return await self._open_session().request(
            method,
            endpoint.url(path),
            data=body,
            headers={**endpoint.headers(), **headers},
            allow_redirects=False,
        )

    def _open_session(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(
                    limit=self._max_connections, keepalive_timeout=KEEP_ALIVE_SECONDS
                ),
                # The watchdog keeps the time; aiohttp only bounds the TCP handshake.
                timeout=aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_SECONDS),
                cookie_jar=aiohttp.DummyCookieJar(),
                auto_decompress=False,
                trust_env=False,
            )
        return self._session


async def _drain(response: aiohttp.ClientResponse) -> bool:
    """True when the body ended by itself soon after the answer: its connection can be reused."""
    try:
        async with asyncio.timeout(DRAIN_SECONDS):
            return not await response.content.readany()
    except TimeoutError:
        return False


async def _read_capped(response: aiohttp.ClientResponse) -> bytes:
    body = bytearray()
    while len(body) <= ERROR_BODY_BYTES and (data := await response.content.readany()):
        body += data
    return bytes(body)


def _read_models(body: bytes, wanted: str, latency_ms: float) -> EngineHealth:
    try:
        entries = orjson.loads(body)["data"]
        limits = {str(entry["id"]): entry.get("max_model_len") for entry in entries}
    except (ValueError, KeyError, TypeError, AttributeError):
        return EngineHealth(
            ok=False,
            message="The model endpoint does not list its models as the OpenAI protocol does.",
            latency_ms=latency_ms,
        )
    models = tuple(sorted(limits))
    if wanted not in limits:
        message = "The model endpoint answers but does not serve the model that was asked for."
        return EngineHealth(ok=False, message=message, models=models, latency_ms=latency_ms)
    limit = limits[wanted]
    return EngineHealth(
        ok=True,
        message="The model endpoint is ready.",
        models=models,
        context_tokens=limit if isinstance(limit, int) else None,
        latency_ms=latency_ms,
    )


def _timeout_error(expiry: Expiry) -> EngineTimeoutError:
    return EngineTimeoutError(
        {
            Expiry.FIRST: "The model endpoint did not begin its answer in time.",
            Expiry.SILENCE: "The model endpoint fell silent in the middle of its answer.",
            Expiry.TOTAL: "The model endpoint did not finish its answer in time.",
        }[expiry]
    )
