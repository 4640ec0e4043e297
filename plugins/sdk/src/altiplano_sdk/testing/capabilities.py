"""Stub capabilities that obey the grants exactly: nothing real is asked, everything is counted."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final
from urllib.parse import urlsplit

from altiplano_sdk.contracts import (
    Context,
    GenerationDone,
    GenerationEvent,
    GenerationRequest,
    HttpResponse,
    Passage,
    RetrievalFilter,
    SearchMode,
    TextDelta,
    Usage,
    VectorBatch,
)
from altiplano_sdk.errors import BudgetExceededError, PermanentError, RetryableError
from altiplano_sdk.manifest import Grants
from altiplano_sdk.testing.ledger import Ledger
from altiplano_sdk.testing.wording import best_sentence, embed_text, rank_by_meaning, rank_by_words

BODY_AT_MOST: Final = 5 * 1024 * 1024
KEY_AT_MOST: Final = 200
SECRET_MARK: Final = "altiplano-test-secret"  # noqa: S105 - a mark that tests look for, no secret


class StubLog:
    """Keeps what was logged in :attr:`lines`."""

    def __init__(self, ledger: Ledger | None = None) -> None:
        self.ledger = ledger if ledger is not None else Ledger()
        self.lines: list[str] = []

    def info(self, event: str, **fields: Any) -> None:
        self.lines.append(f"info {event} {fields}")

    def warning(self, event: str, **fields: Any) -> None:
        self.lines.append(f"warning {event} {fields}")


class StubModel:
    """A language model that answers with the sentence of its messages that fits the question.

    ``replies`` are given first, one a call, where an author knows better.
    """

    context_tokens = 4096

    def __init__(self, ledger: Ledger, replies: Sequence[str] = ()) -> None:
        self._ledger = ledger
        self._replies = list(replies)

    async def stream(self, request: GenerationRequest) -> AsyncIterator[GenerationEvent]:
        self._ledger.count("llm")
        await asyncio.sleep(0)
        reply = self._replies.pop(0) if self._replies else _quotation(request)
        words = reply.split(" ")[: request.max_tokens]
        for number, word in enumerate(words):
            yield TextDelta(word if number == 0 else f" {word}")
        asked = sum(len(message.content.split()) for message in request.messages)
        yield GenerationDone("stop", Usage(asked, len(words)))


class StubEmbedder:
    """Vectors out of the letters of the words: texts that share words are near each other."""

    model_id = "altiplano-test-letters/64"
    dimension = 64

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    async def embed_query(self, text: str) -> VectorBatch:
        return await self.embed_passages([text])

    async def embed_passages(self, texts: Sequence[str]) -> VectorBatch:
        self._ledger.count("embed")
        await asyncio.sleep(0)
        data = b"".join(embed_text(text, self.dimension) for text in texts)
        return VectorBatch(self.dimension, len(texts), data)


class StubIndex:
    """Searches ``passages`` by their words and letters."""

    def __init__(self, ledger: Ledger, passages: Sequence[Passage]) -> None:
        self._ledger = ledger
        self._passages = passages

    async def search(
        self, text: str, *, mode: SearchMode, k: int, where: RetrievalFilter | None = None
    ) -> tuple[Passage, ...]:
        self._ledger.count("index")
        await asyncio.sleep(0)
        if mode is SearchMode.HYBRID:
            raise PermanentError("An index searches by meaning or by words, not by both.")
        allowed = [p for p in self._passages if where is None or _is_within(p, where)]
        if mode is SearchMode.DENSE:
            ranked = rank_by_meaning(text, allowed)
            return tuple(replace(p, score=s, dense_score=s) for p, s in ranked[:k])
        ranked = rank_by_words(text, allowed)
        return tuple(replace(p, score=s, lexical_score=s) for p, s in ranked[:k])


class StubHttp:
    """Answers what was prepared; other addresses of granted hosts cannot be reached."""

    def __init__(
        self, ledger: Ledger, hosts: Sequence[str], prepared: Mapping[str, HttpResponse]
    ) -> None:
        self._ledger = ledger
        self._hosts = hosts
        self._prepared = prepared

    async def request(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        body: bytes = b"",
    ) -> HttpResponse:
        self._ledger.count("http")
        await asyncio.sleep(0)
        parts = urlsplit(url)
        host = parts.hostname or ""
        if parts.scheme != "https" or not any(_is_host(host, granted) for granted in self._hosts):
            refusal = self._ledger.refuse(f"The address {parts.scheme}://{host} was not granted.")
            raise PermanentError(refusal, code="not_granted")
        if len(body) > BODY_AT_MOST:
            raise BudgetExceededError(self._ledger.refuse("A body of more than 5 MiB was sent."))
        if url not in self._prepared:
            raise RetryableError(f"The host {host} cannot be reached.")
        return self._prepared[url]

    async def post_json(
        self, url: str, body: Mapping[str, Any], headers: Mapping[str, str]
    ) -> Mapping[str, Any]:
        import json

        sent = json.dumps(body, ensure_ascii=False).encode()
        answer = (await self.request("POST", url, headers=headers, body=sent)).json()
        if not isinstance(answer, dict):
            raise RetryableError("The host answered with something that is no JSON object.")
        return answer


class StubStore:
    """The plugin's storage in one organization; beyond its quota nothing is stored."""

    def __init__(self, ledger: Ledger, quota: int) -> None:
        self._ledger = ledger
        self._quota = quota
        self.entries: dict[str, bytes] = {}

    async def get(self, key: str) -> bytes | None:
        await self._count()
        return self.entries.get(key)

    async def put(self, key: str, value: bytes) -> None:
        await self._count()
        if not 0 < len(key) <= KEY_AT_MOST:
            raise PermanentError(f"A key has 1 to {KEY_AT_MOST} characters.")
        entries = {**self.entries, key: bytes(value)}
        if sum(len(k.encode()) + len(v) for k, v in entries.items()) > self._quota:
            raise BudgetExceededError(
                self._ledger.refuse(f"More than the granted {self._quota} bytes were to be stored.")
            )
        self.entries = entries

    async def delete(self, key: str) -> None:
        await self._count()
        self.entries.pop(key, None)

    async def keys(self, prefix: str = "") -> tuple[str, ...]:
        await self._count()
        return tuple(sorted(key for key in self.entries if key.startswith(prefix)))

    async def _count(self) -> None:
        self._ledger.count("store")
        await asyncio.sleep(0)


class StubSecrets(Mapping[str, str]):
    """One value for each granted name; asking for another name is on record."""

    def __init__(self, ledger: Ledger, names: Sequence[str]) -> None:
        self._ledger = ledger
        self._values = {name: f"{SECRET_MARK}-{name}" for name in names}

    def __getitem__(self, name: str) -> str:
        if name not in self._values:
            self._ledger.refuse(f"The secret {name!r} is not named in the manifest.")
        return self._values[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)


@dataclass(frozen=True, slots=True)
class Prepared:
    """What the stubs say: answers of hosts by address, and the model's first replies."""

    responses: Mapping[str, HttpResponse] = field(default_factory=dict)
    replies: tuple[str, ...] = ()


def granted_context(
    grants: Grants, *, passages: Sequence[Passage] = (), prepared: Prepared | None = None
) -> Context:
    """What the platform would hand over for ``grants``: a stub for each, None for the rest."""
    given = prepared if prepared is not None else Prepared()
    ledger = Ledger()
    return Context(
        log=StubLog(ledger),
        llm=StubModel(ledger, given.replies) if grants.model_use else None,
        embed=StubEmbedder(ledger) if grants.embedding_use else None,
        index=StubIndex(ledger, passages) if grants.index_use else None,
        http=StubHttp(ledger, grants.network_hosts, given.responses)
        if grants.network_hosts
        else None,
        secrets=StubSecrets(ledger, grants.secrets) if grants.secrets else None,
        store=StubStore(ledger, grants.storage_bytes) if grants.storage_bytes else None,
    )


def ledger_of(ctx: Context) -> Ledger:
    """The ledger of a context that :func:`granted_context` made; an empty one for others."""
    return ctx.log.ledger if isinstance(ctx.log, StubLog) else Ledger()


def _quotation(request: GenerationRequest) -> str:
    asked = next((m.content for m in reversed(request.messages) if m.role == "user"), "")
    said = "\n".join(m.content for m in request.messages if m.role != "system")
    return best_sentence(asked, said)


def _is_within(passage: Passage, where: RetrievalFilter) -> bool:
    documents, languages = where.document_ids, where.languages
    return (not documents or passage.document_id in documents) and (
        not languages or passage.language in languages
    )


def _is_host(host: str, granted: str) -> bool:
    if granted.startswith("*."):
        return host.endswith(granted[1:])
    return granted in {host, "*"}
