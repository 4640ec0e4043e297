"""Capabilities that tests hand to plugins."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field

import altiplano_sdk as sdk


@dataclass
class FixedIndex:
    """Finds the first ``k`` of its passages, whatever is asked."""

    passages: tuple[sdk.Passage, ...]
    searched: list[str] = field(default_factory=list)

    async def search(
        self,
        text: str,
        *,
        mode: sdk.SearchMode,
        k: int,
        where: sdk.RetrievalFilter | None = None,
    ) -> tuple[sdk.Passage, ...]:
        self.searched.append(text)
        return self.passages[:k]


@dataclass
class FixedModel:
    """Says ``words``, one at a time."""

    words: Sequence[str]
    context_tokens: int = 4096
    closed: asyncio.Event = field(default_factory=asyncio.Event)

    async def stream(self, request: sdk.GenerationRequest) -> AsyncIterator[sdk.GenerationEvent]:
        try:
            for word in self.words:
                yield sdk.TextDelta(word)
            yield sdk.GenerationDone("stop", sdk.Usage(1, len(self.words)))
        finally:
            self.closed.set()


@dataclass
class UnitEmbedder:
    """The same unit vector for every text."""

    dimension: int = 4
    model_id: str = "unit"

    async def embed_query(self, text: str) -> sdk.VectorBatch:
        return await self.embed_passages([text])

    async def embed_passages(self, texts: Sequence[str]) -> sdk.VectorBatch:
        row = b"\x00\x00\x80\x3f" + bytes(4 * (self.dimension - 1))
        return sdk.VectorBatch(self.dimension, len(texts), row * len(texts))


@dataclass
class MemoryStore:
    values: dict[str, bytes] = field(default_factory=dict)

    async def get(self, key: str) -> bytes | None:
        return self.values.get(key)

    async def put(self, key: str, value: bytes) -> None:
        self.values[key] = value

    async def delete(self, key: str) -> None:
        self.values.pop(key, None)

    async def keys(self, prefix: str = "") -> tuple[str, ...]:
        return tuple(sorted(key for key in self.values if key.startswith(prefix)))
