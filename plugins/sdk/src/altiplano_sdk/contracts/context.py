"""Capabilities a stage receives. What was not granted is None; there is no other way out."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from altiplano_sdk.contracts.generation import GenerationEvent, GenerationRequest
    from altiplano_sdk.contracts.retrieval import (
        Passage,
        RetrievalFilter,
        SearchMode,
        VectorBatch,
    )


class LanguageModel(Protocol):
    """The app's model endpoint. Limits, tenant salt and key are the platform's business."""

    @property
    def context_tokens(self) -> int: ...

    def stream(self, request: GenerationRequest) -> AsyncIterator[GenerationEvent]: ...


class TextEmbedder(Protocol):
    """The embedding model of the app's collections."""

    @property
    def model_id(self) -> str: ...

    @property
    def dimension(self) -> int: ...

    async def embed_query(self, text: str) -> VectorBatch: ...

    async def embed_passages(self, texts: Sequence[str]) -> VectorBatch: ...


class PassageIndex(Protocol):
    """Search in the app's own collections, at the generation the run was pinned to."""

    async def search(
        self,
        text: str,
        *,
        mode: SearchMode,
        k: int,
        where: RetrievalFilter | None = None,
    ) -> tuple[Passage, ...]:
        """At most ``k`` passages, best first by ``score``, which is that signal's own.

        ``mode`` is dense or lexical; fusion is the retriever's business. Raises RetryableError
        while the index cannot be read.
        """
        ...


@dataclass(frozen=True, slots=True)
class HttpResponse:
    """``headers`` have lower-case names. ``body`` is at most what the platform allows (5 MiB)."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        """The body read as JSON. Raises ValueError when it is none."""
        return json.loads(self.body)


class HttpClient(Protocol):
    """Outgoing HTTPS to granted hosts only. Redirects are followed to granted hosts only.

    Raises PermanentError (``not_granted``) for any other host and RetryableError when the host
    cannot be reached; an answer with an error status is an answer.
    """

    async def request(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        body: bytes = b"",
    ) -> HttpResponse: ...

    async def post_json(
        self, url: str, body: Mapping[str, Any], headers: Mapping[str, str]
    ) -> Mapping[str, Any]: ...


class KeyValueStore(Protocol):
    """The plugin's own storage in one organization, empty for every other one.

    Keys have at most 200 characters. Keys and values together hold at most the granted
    ``storage_bytes``; beyond it ``put`` raises BudgetExceededError and stores nothing.
    """

    async def get(self, key: str) -> bytes | None: ...

    async def put(self, key: str, value: bytes) -> None: ...

    async def delete(self, key: str) -> None:
        """The key is gone, also if it never was there."""
        ...

    async def keys(self, prefix: str = "") -> tuple[str, ...]:
        """All keys that begin with ``prefix``, sorted."""
        ...


class Log(Protocol):
    def info(self, event: str, **fields: Any) -> None: ...

    def warning(self, event: str, **fields: Any) -> None: ...


@dataclass(frozen=True, slots=True)
class Context:
    """Handed to every call. ``secrets`` holds granted secrets only."""

    log: Log
    llm: LanguageModel | None = None
    embed: TextEmbedder | None = None
    index: PassageIndex | None = None
    http: HttpClient | None = None
    secrets: Mapping[str, str] | None = None
    store: KeyValueStore | None = None
