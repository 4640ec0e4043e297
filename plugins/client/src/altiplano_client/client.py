"""The client: every method once to wait for, once to await."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Any, Final, Literal

import httpx
from httpx_sse import EventSource

from altiplano_client.records import AltiplanoError, Answer, Message, Passage
from altiplano_client.streaming import AnswerReader

# Models may think for long before the first word; connecting and sending may not.
DEFAULT_TIMEOUT: Final = httpx.Timeout(10.0, read=300.0)

SearchMode = Literal["hybrid", "dense", "lexical"]


class Altiplano:
    """One platform, one API key. Connections are kept and shared; ``close`` gives them back.

    ``transport`` and ``async_transport`` replace the network in tests, as httpx's do.
    """

    def __init__(
        self,
        base_url: str,
        api_key: str,
        *,
        timeout: httpx.Timeout = DEFAULT_TIMEOUT,
        transport: httpx.BaseTransport | None = None,
        async_transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        shared: dict[str, Any] = {
            "base_url": base_url.rstrip("/") + "/api/v1/",
            "headers": {"Authorization": f"Bearer {api_key}"},
            "timeout": timeout,
        }
        self._sync = httpx.Client(transport=transport, **shared)
        self._async = httpx.AsyncClient(transport=async_transport, **shared)

    def close(self) -> None:
        """The waiting methods' connections are closed."""
        self._sync.close()

    async def aclose(self) -> None:
        """The awaiting methods' connections are closed."""
        await self._async.aclose()

    def ask(self, app: str, question: str, *, history: Sequence[Message] = ()) -> Answer:
        """The app's answer. Raises AltiplanoError when the platform refuses or the run fails."""
        body = _question(question, history)
        return Answer.of(_checked(self._send("POST", f"apps/{app}/runs", body)))

    async def aask(self, app: str, question: str, *, history: Sequence[Message] = ()) -> Answer:
        """As :meth:`ask`."""
        body = _question(question, history)
        return Answer.of(_checked(await self._asend("POST", f"apps/{app}/runs", body)))

    def stream(
        self, app: str, question: str, *, history: Sequence[Message] = ()
    ) -> Iterator[str | Answer]:
        """The text as it is written, piece by piece, and at the end the whole Answer.

        Raises what :meth:`ask` raises, also in the middle.
        """
        reader = AnswerReader()
        body = {**_question(question, history), "stream": True}
        try:
            with self._sync.stream("POST", f"apps/{app}/runs", json=body) as response:
                if response.is_error:
                    response.read()
                    raise _error_of(response)
                for event in EventSource(response).iter_sse():
                    if text := reader.read(event.data):
                        yield text
        except httpx.HTTPError as error:
            raise _unreachable(error) from error
        yield reader.finish()

    async def astream(
        self, app: str, question: str, *, history: Sequence[Message] = ()
    ) -> AsyncIterator[str | Answer]:
        """As :meth:`stream`."""
        reader = AnswerReader()
        body = {**_question(question, history), "stream": True}
        try:
            async with self._async.stream("POST", f"apps/{app}/runs", json=body) as response:
                if response.is_error:
                    await response.aread()
                    raise _error_of(response)
                async for event in EventSource(response).aiter_sse():
                    if text := reader.read(event.data):
                        yield text
        except httpx.HTTPError as error:
            raise _unreachable(error) from error
        yield reader.finish()

    def search(
        self, collection: str, query: str, *, k: int = 5, mode: SearchMode = "hybrid"
    ) -> tuple[Passage, ...]:
        """The collection's best passages, best first; at most ``k``."""
        body = {"query": query, "k": k, "mode": mode}
        return _hits(_checked(self._send("POST", f"collections/{collection}/search", body)))

    async def asearch(
        self, collection: str, query: str, *, k: int = 5, mode: SearchMode = "hybrid"
    ) -> tuple[Passage, ...]:
        """As :meth:`search`."""
        body = {"query": query, "k": k, "mode": mode}
        return _hits(_checked(await self._asend("POST", f"collections/{collection}/search", body)))

    def _send(self, method: str, path: str, body: Mapping[str, Any]) -> httpx.Response:
        try:
            return self._sync.request(method, path, json=body)
        except httpx.HTTPError as error:
            raise _unreachable(error) from error

    async def _asend(self, method: str, path: str, body: Mapping[str, Any]) -> httpx.Response:
        try:
            return await self._async.request(method, path, json=body)
        except httpx.HTTPError as error:
            raise _unreachable(error) from error


def _question(question: str, history: Sequence[Message]) -> dict[str, Any]:
    body: dict[str, Any] = {"input": question}
    if history:
        body["history"] = [asdict(message) for message in history]
    return body


def _hits(data: Mapping[str, Any]) -> tuple[Passage, ...]:
    return tuple(Passage.of(hit) for hit in data["hits"])


def _checked(response: httpx.Response) -> Mapping[str, Any]:
    if response.is_error:
        raise _error_of(response)
    data: Mapping[str, Any] = response.json()
    return data


def _error_of(response: httpx.Response) -> AltiplanoError:
    """The refusal in the platform's words, where it has any (RFC 9457)."""
    status = response.status_code
    try:
        problem = response.json()
        return AltiplanoError(problem["detail"], code=problem["code"], status=status)
    except (ValueError, KeyError, TypeError):
        return AltiplanoError(f"The platform answered with status {status}.", status=status)


def _unreachable(error: httpx.HTTPError) -> AltiplanoError:
    kind = type(error).__name__
    return AltiplanoError(f"The platform could not be reached ({kind}).", code="unreachable")
