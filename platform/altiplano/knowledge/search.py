"""Searching a collection from the portal, which has neither the index nor the model.

A worker answers; this side checks what is asked, waits a bounded time, and says so when nobody
answers.
"""

import asyncio
import time
import uuid
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal, cast

import redis
from django.conf import settings
from django.utils.translation import gettext_lazy as _

from altiplano.accounts.principal import Principal
from altiplano.kernel.errors import InvalidInputError, NotFoundError, UnavailableError
from altiplano.kernel.reasons import lazily_in_my_language
from altiplano.knowledge import search_wire as wire
from altiplano.knowledge.models import Collection, Document

MAX_QUERY_CHARS = 2000
MAX_HITS = 50
MAX_FILTER_VALUES = 100
SECONDS = 10
CONNECTIONS = 64
"""To the broker; each search that waits holds one."""

Mode = Literal["hybrid", "dense", "lexical"]


@dataclass(frozen=True, slots=True)
class SearchResult:
    """``took_ms`` is the time from the checked request to the answer, waiting included."""

    hits: tuple[wire.SearchHit, ...]
    took_ms: float


def search_collection(
    *,
    principal: Principal,
    collection_id: object,
    query: str,
    k: int = 5,
    mode: Mode = "hybrid",
    document_ids: Sequence[str] = (),
    languages: Sequence[str] = (),
) -> SearchResult:
    """The best passages of the collection for ``query``. Raises as the two steps that it takes."""
    return ask_worker(
        prepare_search(
            principal=principal,
            collection_id=collection_id,
            query=query,
            k=k,
            mode=mode,
            document_ids=document_ids,
            languages=languages,
        )
    )


def prepare_search(
    *,
    principal: Principal,
    collection_id: object,
    query: str,
    k: int = 5,
    mode: Mode = "hybrid",
    document_ids: Sequence[str] = (),
    languages: Sequence[str] = (),
) -> wire.SearchRequest:
    """What may be asked of a worker: ``principal`` may read all that it names.

    Only looks things up. Raises NotAllowedError, NotFoundError and InvalidInputError.
    """
    principal.require("read")
    collection = Collection.objects.get_within(principal.organization_id, collection_id)
    return wire.SearchRequest(
        id=uuid.uuid4().hex,
        organization_id=collection.organization_id,
        collection_id=collection.id,
        query=_checked_query(query),
        mode=mode,
        k=k,
        document_ids=_checked_documents(collection, document_ids),
        languages=tuple(languages),
        deadline=time.time() + SECONDS,
    )


def ask_worker(request: wire.SearchRequest) -> SearchResult:
    """What a worker answered. Waits, and needs no database.

    Raises UnavailableError when no worker answers in time or the index is being rebuilt.
    """
    begun = time.perf_counter()
    reply = _ask(request)
    if reply.code:
        raise UnavailableError(lazily_in_my_language(reply.message), code=reply.code, retry_after=5)
    return SearchResult(reply.hits, round((time.perf_counter() - begun) * 1000, 2))


async def await_worker(request: wire.SearchRequest) -> SearchResult:
    """As :func:`ask_worker`, in a thread that is kept for waiting."""
    loop = asyncio.get_running_loop()
    return await loop.run_in_executor(_waiters(), ask_worker, request)


@cache
def _waiters() -> ThreadPoolExecutor:
    """As many as have a connection to the broker to wait at."""
    return ThreadPoolExecutor(CONNECTIONS, thread_name_prefix="search-waiter")


def _checked_query(query: str) -> str:
    """One line of what can be seen; models and indexes get nothing else."""
    clean = " ".join("".join(c if c.isprintable() else " " for c in query).split())
    if not clean or len(clean) > MAX_QUERY_CHARS:
        message = _("A query has 1 to %(limit)s characters.")
        raise InvalidInputError(
            message, params={"limit": MAX_QUERY_CHARS}, fields={"query": message}
        )
    return clean


def _checked_documents(collection: Collection, document_ids: Sequence[str]) -> tuple[str, ...]:
    """The ids as the database writes them. Raises NotFoundError for one that is not in here."""
    if not document_ids:
        return ()
    wanted = set()
    for raw in document_ids:
        with suppress(ValueError):
            wanted.add(uuid.UUID(raw))
    found = Document.objects.within(collection.organization_id).filter(
        collection=collection, pk__in=wanted
    )
    ids = tuple(str(pk) for pk in found.values_list("pk", flat=True))
    if len(ids) < len(set(document_ids)):
        raise NotFoundError(_("There is no such document in this collection."))
    return ids


@cache
def broker() -> redis.Redis:
    """The connections on which the portal waits for workers."""
    pool = redis.BlockingConnectionPool.from_url(
        settings.REDIS_URL,
        protocol=2,
        max_connections=CONNECTIONS,
        timeout=2,
        socket_timeout=SECONDS + 5,
        socket_connect_timeout=2,
        health_check_interval=30,
    )
    return redis.Redis(connection_pool=pool)


def _ask(request: wire.SearchRequest) -> wire.SearchReply:
    client, encoded = broker(), request.encode()
    try:
        waiting = client.rpush(wire.REQUESTS_KEY, encoded)
        if waiting > wire.MAX_WAITING:
            client.lrem(wire.REQUESTS_KEY, -1, encoded.decode())
            raise UnavailableError(
                _("Too many searches wait at the moment; try again soon."), retry_after=2
            )
        answer = cast("Any", client.blpop([wire.reply_key(request.id)], timeout=SECONDS))
        if answer is None:
            client.lrem(wire.REQUESTS_KEY, 1, encoded.decode())
            raise UnavailableError(
                _(
                    "No worker answered the search in time. If this stays so, the operator should "
                    "look at the workers of the queue “runs”."
                ),
                retry_after=5,
            )
    except redis.RedisError as error:
        raise UnavailableError(
            _("The message broker does not answer; try again soon."), retry_after=5
        ) from error
    return wire.SearchReply.decode(answer[1])
