"""The context that a plugin receives in its own process: every capability asks the platform.

What was not granted is None here as it is there; the platform checks again whatever it is asked.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Literal, Protocol, cast

from altiplano_sdk.contracts.context import Context, HttpResponse
from altiplano_sdk.contracts.generation import GenerationEvent, GenerationRequest
from altiplano_sdk.contracts.retrieval import Passage, RetrievalFilter, SearchMode, VectorBatch
from altiplano_sdk.wire.messages import Offered

MAX_FIELDS = 4096
"""Characters of one log line's fields; what is longer is cut."""


class Asking(Protocol):
    """The way to the platform, for one call."""

    async def ask(self, name: str, *arguments: Any) -> Any: ...

    def ask_stream(self, name: str, *arguments: Any) -> AsyncIterator[Any]: ...


Say = Callable[[Literal["info", "warning"], str, bytes], None]


@dataclass(frozen=True, slots=True)
class RemoteModel:
    platform: Asking
    context_tokens: int

    def stream(self, request: GenerationRequest) -> AsyncIterator[GenerationEvent]:
        return self.platform.ask_stream("llm.stream", request)


@dataclass(frozen=True, slots=True)
class RemoteEmbedder:
    platform: Asking
    model_id: str
    dimension: int

    async def embed_query(self, text: str) -> VectorBatch:
        return cast(VectorBatch, await self.platform.ask("embed.embed_query", text))

    async def embed_passages(self, texts: Sequence[str]) -> VectorBatch:
        return cast(VectorBatch, await self.platform.ask("embed.embed_passages", tuple(texts)))


@dataclass(frozen=True, slots=True)
class RemoteIndex:
    platform: Asking

    async def search(
        self, text: str, *, mode: SearchMode, k: int, where: RetrievalFilter | None = None
    ) -> tuple[Passage, ...]:
        found = await self.platform.ask("index.search", text, mode, k, where)
        return cast(tuple[Passage, ...], found)


@dataclass(frozen=True, slots=True)
class RemoteHttp:
    platform: Asking

    async def request(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        body: bytes = b"",
    ) -> HttpResponse:
        answer = await self.platform.ask("http.request", method, url, dict(headers or {}), body)
        return cast(HttpResponse, answer)

    async def post_json(
        self, url: str, body: Mapping[str, Any], headers: Mapping[str, str]
    ) -> Mapping[str, Any]:
        answer = await self.platform.ask("http.post_json", url, dict(body), dict(headers))
        return cast(Mapping[str, Any], answer)


@dataclass(frozen=True, slots=True)
class RemoteStore:
    platform: Asking

    async def get(self, key: str) -> bytes | None:
        return cast("bytes | None", await self.platform.ask("store.get", key))

    async def put(self, key: str, value: bytes) -> None:
        await self.platform.ask("store.put", key, value)

    async def delete(self, key: str) -> None:
        await self.platform.ask("store.delete", key)

    async def keys(self, prefix: str = "") -> tuple[str, ...]:
        return cast(tuple[str, ...], await self.platform.ask("store.keys", prefix))


@dataclass(frozen=True, slots=True)
class RemoteLog:
    """Lines go to the platform, which cuts and counts them; none of them waits or fails."""

    say: Say

    def info(self, event: str, **fields: Any) -> None:
        self.say("info", str(event), fields_json(fields))

    def warning(self, event: str, **fields: Any) -> None:
        self.say("warning", str(event), fields_json(fields))


def fields_json(fields: Mapping[str, Any]) -> bytes:
    """A JSON object of the fields, each as text where it is no plain value, cut to size."""
    plain = {
        str(name)[:60]: value if isinstance(value, (bool, int, type(None))) else str(value)[:1000]
        for name, value in list(fields.items())[:20]
    }
    while len(text := json.dumps(plain)) > MAX_FIELDS:
        plain.popitem()
    return text.encode()


def remote_context(offered: Offered, platform: Asking, say: Say) -> Context:
    """A context that holds exactly what is offered."""
    return Context(
        log=RemoteLog(say),
        llm=RemoteModel(platform, offered.llm.context_tokens) if offered.llm else None,
        embed=(
            RemoteEmbedder(platform, offered.embed.model_id, offered.embed.dimension)
            if offered.embed
            else None
        ),
        index=RemoteIndex(platform) if offered.index else None,
        http=RemoteHttp(platform) if offered.http else None,
        secrets=MappingProxyType(dict(offered.secrets)),
        store=RemoteStore(platform) if offered.store else None,
    )
