"""Answering the portal's searches: a list in Redis, read on the process's loop.

Only workers of the queue ``runs`` do so: they hold models and indexes ready for questions.
"""

import asyncio
import time
import uuid
from collections import OrderedDict
from contextlib import suppress
from functools import cache
from typing import Any, Final

import structlog
from celery.signals import worker_ready, worker_shutdown
from django.conf import settings
from redis.exceptions import RedisError

import altiplano_sdk as sdk
from altiplano.knowledge import search_wire as wire
from altiplano_worker.adapters.connections import connect_redis, heed_cancellation
from altiplano_worker.runtime.context import CollectionEmbedder, stage_log
from altiplano_worker.runtime.loader import installed_plugins
from altiplano_worker.runtime.loop import process_loop
from altiplano_worker.tasks.collection_plugins import PackagedEmbedder
from altiplano_worker.tasks.passages import CollectionPassages

log = structlog.get_logger(__name__)

QUEUE: Final = "runs"
MAX_AT_ONCE: Final = 32
POLL_SECONDS: Final = 2
PAUSE_SECONDS: Final = 1.0
RETRIEVER: Final = "hybrid"
REMEMBERED_EMBEDDERS: Final = 1024
UNEXPECTED = "The search failed because of a fault in the platform. Please report it."


class SearchServer:
    """Takes requests while it is open; one per process, on one event loop."""

    def __init__(self, redis_url: str) -> None:
        self._client = connect_redis(redis_url, connections=MAX_AT_ONCE + 2)
        self._free = asyncio.Semaphore(MAX_AT_ONCE)
        self._answering: set[asyncio.Task[None]] = set()

    async def serve(self) -> None:
        """Answers until cancelled. A broker that is away is asked again every second."""
        try:
            while True:
                heed_cancellation()
                await self._free.acquire()
                try:
                    data = await self._next()
                except RedisError as error:
                    log.warning("search.broker_away", error=type(error).__name__)
                    await asyncio.sleep(PAUSE_SECONDS)
                    data = None
                if data is None:
                    self._free.release()
                    continue
                task = asyncio.ensure_future(self._handle(data))
                self._answering.add(task)
                task.add_done_callback(self._answering.discard)
        finally:
            for task in self._answering:
                task.cancel()
            await self._client.aclose()

    async def _next(self) -> bytes | None:
        popped: Any = await self._client.blpop([wire.REQUESTS_KEY], timeout=POLL_SECONDS)
        return None if popped is None else popped[1]

    async def _handle(self, data: bytes) -> None:
        try:
            request = wire.SearchRequest.decode(data)
            if request.deadline < time.time():  # nobody waits any more
                return
            reply = await answer_search(request)
            key = wire.reply_key(request.id)
            async with self._client.pipeline(transaction=False) as pipe:
                pipe.rpush(key, reply.encode())
                pipe.expire(key, wire.REPLY_SECONDS)
                await pipe.execute()
        except (ValueError, TypeError, KeyError, RedisError) as error:
            log.warning("search.dropped", error=type(error).__name__)
        finally:
            self._free.release()


async def answer_search(request: wire.SearchRequest) -> wire.SearchReply:
    """The reply; what goes wrong is a reply, too."""
    where = sdk.RetrievalFilter(frozenset(request.document_ids), frozenset(request.languages))
    try:
        async with CollectionPassages(
            request.organization_id, [request.collection_id], where=where
        ) as index:
            await _open_and_embed(index, request)
            context = sdk.Context(log=stage_log(run_id=f"search-{request.id}"), index=index)
            passages = await _retriever(request.mode, request.k).retrieve(
                sdk.Query(request.query), context
            )
    except sdk.PluginError as error:
        return wire.SearchReply(code=error.code, message=error.message)
    except Exception:
        log.exception("search.failed", collection=str(request.collection_id))
        return wire.SearchReply(code="search_failed", message=UNEXPECTED)
    return wire.SearchReply(hits=tuple(_hit(passage) for passage in passages[: request.k]))


async def _open_and_embed(index: CollectionPassages, request: wire.SearchRequest) -> None:
    """The collection is open and, if its embedder is known, the question's vector in the cache.

    The vector takes longest by far, and needs nothing of the database but which model makes it.
    A collection's embedder is remembered under its organization once it was opened for it; one
    that has changed since makes a vector that nobody asks for.
    """
    key = (request.organization_id, request.collection_id)
    known = None if request.mode == sdk.SearchMode.LEXICAL else _embedders.get(key)
    embedding = asyncio.ensure_future(_embed(known, request.query)) if known else None
    try:
        for embedder in (await index.open()).embedders:
            if isinstance(embedder.embedder, PackagedEmbedder):
                continue  # whether it may still run is asked of the database first
            _embedders[key] = embedder
            _embedders.move_to_end(key)
        while len(_embedders) > REMEMBERED_EMBEDDERS:
            _embedders.popitem(last=False)
        if embedding is not None:
            await embedding
    finally:
        if embedding is not None:
            embedding.cancel()


async def _embed(embedder: CollectionEmbedder, text: str) -> None:
    with suppress(Exception):  # the search meets it again, and says it
        await embedder.embed_query(text)


_embedders: OrderedDict[tuple[uuid.UUID, uuid.UUID], CollectionEmbedder] = OrderedDict()


@cache
def _retriever(mode: str, k: int) -> sdk.Retriever:
    retriever: sdk.Retriever = installed_plugins().create(
        sdk.StageKind.RETRIEVER, RETRIEVER, {"mode": mode, "k": k}
    )
    return retriever


def _hit(passage: sdk.Passage) -> wire.SearchHit:
    return wire.SearchHit(
        chunk_id=passage.chunk_id,
        document_id=passage.document_id,
        document_name=passage.document_name,
        page=passage.page,
        start=passage.start,
        end=passage.end,
        text=passage.text,
        score=passage.score,
    )


_serving: list[Any] = []


@worker_ready.connect
def start_serving(sender: Any = None, **_: object) -> None:
    """The worker answers searches from now on, if it is one for questions."""
    queues = sender.app.amqp.queues.consume_from if sender is not None else ()
    if QUEUE in queues:
        _serving.append(process_loop.submit(SearchServer(settings.REDIS_URL).serve()))


@worker_shutdown.connect
def stop_serving(**_: object) -> None:
    while _serving:
        _serving.pop().cancel()
