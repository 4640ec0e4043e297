"""The capabilities that stages receive, each over what the platform really has."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

import structlog

import altiplano_sdk as sdk
from altiplano_sdk.contracts import Log
from altiplano_worker.adapters.engine import EndpointConfig, EngineClient

CACHED_QUERIES: Final = 4096


def stage_log(*, run_id: str) -> Log:
    """A log whose every line names the run."""
    log: Log = structlog.get_logger("altiplano.plugin").bind(run_id=run_id)
    return log


def narrow_context(context: sdk.Context, grants: sdk.Grants) -> sdk.Context:
    """``context`` with nothing in it that ``grants`` does not name."""
    secrets = context.secrets or {}
    return replace(
        context,
        llm=context.llm if grants.model_use else None,
        embed=context.embed if grants.embedding_use else None,
        index=context.index if grants.index_use else None,
        http=context.http if grants.network_hosts else None,
        store=context.store if grants.storage_bytes else None,
        secrets={name: secrets[name] for name in grants.secrets if name in secrets},
    )


@dataclass(frozen=True, slots=True)
class EndpointLanguageModel:
    """The LanguageModel capability: one endpoint, for one tenant.

    ``salt`` is derived from the tenant, so that an engine's prefix cache is not shared.
    """

    client: EngineClient
    endpoint: EndpointConfig
    salt: str | None = None

    @property
    def context_tokens(self) -> int:
        return self.endpoint.context_tokens

    def stream(self, request: sdk.GenerationRequest) -> AsyncIterator[sdk.GenerationEvent]:
        """The answer, with ``max_tokens`` brought into what the model can hold."""
        bounded = min(max(request.max_tokens, 1), self.endpoint.context_tokens - 1)
        if bounded != request.max_tokens:
            request = replace(request, max_tokens=bounded)
        return self.client.stream_chat(self.endpoint, request, salt=self.salt)


class QueryVectorCache:
    """Vectors of recent questions, least recently used out first. For one event loop.

    The scope is part of the key, so that no tenant can tell by the time it takes what another
    one asked.
    """

    def __init__(self, capacity: int = CACHED_QUERIES) -> None:
        self._capacity = capacity
        self._vectors: OrderedDict[tuple[str, str, str], sdk.VectorBatch] = OrderedDict()

    def get(self, *, scope: str, model_id: str, text: str) -> sdk.VectorBatch | None:
        key = (scope, model_id, text)
        found = self._vectors.get(key)
        if found is not None:
            self._vectors.move_to_end(key)
        return found

    def put(self, *, scope: str, model_id: str, text: str, vector: sdk.VectorBatch) -> None:
        key = (scope, model_id, text)
        self._vectors[key] = vector
        self._vectors.move_to_end(key)
        while len(self._vectors) > self._capacity:
            self._vectors.popitem(last=False)

    def __len__(self) -> int:
        return len(self._vectors)


@dataclass(frozen=True, slots=True)
class CollectionEmbedder:
    """The TextEmbedder capability: the collections' embedder plugin, for one tenant."""

    embedder: sdk.Embedder
    context: sdk.Context
    cache: QueryVectorCache
    scope: str

    @property
    def model_id(self) -> str:
        return self.embedder.model_id

    @property
    def dimension(self) -> int:
        return self.embedder.dimension

    async def embed_query(self, text: str) -> sdk.VectorBatch:
        """The question's vector, computed once as long as the cache remembers it."""
        found = self.cache.get(scope=self.scope, model_id=self.model_id, text=text)
        if found is None:
            found = await self.embedder.embed_query(text, self.context)
            self.cache.put(scope=self.scope, model_id=self.model_id, text=text, vector=found)
        return found

    async def embed_passages(self, texts: Sequence[str]) -> sdk.VectorBatch:
        return await self.embedder.embed_passages(texts, self.context)
