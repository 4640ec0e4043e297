"""Asking a worker to search: over a real broker, with a worker in the test's hands."""

import threading
import time

import pytest
import redis
from asgiref.sync import async_to_sync

import altiplano_sdk as sdk
from altiplano.kernel.errors import (
    InvalidInputError,
    NotAllowedError,
    NotFoundError,
    UnavailableError,
)
from altiplano.knowledge import search as gateway
from altiplano.knowledge import search_wire as wire
from altiplano.knowledge.models import Collection
from altiplano_worker.tasks import search as worker
from tests.integration.knowledge.conftest import make_collection, run_jobs
from tests.stack import running_valkey

pytestmark = pytest.mark.django_db

API = "/api/v1"


@pytest.fixture(scope="module")
def broker(tmp_path_factory):
    with running_valkey(tmp_path_factory.mktemp("valkey")) as (url, process):
        yield url, process


@pytest.fixture
def valkey(broker, settings):
    settings.REDIS_URL = broker[0]
    gateway.broker.cache_clear()
    client = redis.Redis.from_url(broker[0])
    client.flushall()
    yield client
    client.close()
    gateway.broker.cache_clear()


@pytest.fixture
def answering(valkey):
    """A worker that gives the same reply to everyone and keeps what it was asked."""
    asked: list[wire.SearchRequest] = []
    hit = wire.SearchHit(7, "0" * 32, "beans.txt", 1, 0, 5, "Beans", 0.5)
    replies = [wire.SearchReply(hits=(hit,))]

    def serve():
        popped = valkey.blpop([wire.REQUESTS_KEY], timeout=10)
        request = wire.SearchRequest.decode(popped[1])
        asked.append(request)
        valkey.rpush(wire.reply_key(request.id), replies[0].encode())

    thread = threading.Thread(target=serve)
    thread.start()
    yield asked, replies
    thread.join()


def ask(member, collection, **body):
    return member.api.post(
        f"{API}/collections/{collection.id}/search", body, content_type="application/json"
    )


def test_answer_of_a_worker_comes_through(alice, collection, answering):
    reply = ask(alice, collection, query="  beans\n ", k=3, mode="dense")
    assert reply.status_code == 200
    (hit,) = reply.json()["hits"]
    assert hit == {
        "chunk_id": 7,
        "document_id": "00000000-0000-0000-0000-000000000000",
        "document_name": "beans.txt",
        "page": 1,
        "start": 0,
        "end": 5,
        "text": "Beans",
        "score": 0.5,
    }
    assert reply.json()["took_ms"] > 0
    (request,) = answering[0]
    assert (request.query, request.k, request.mode) == ("beans", 3, "dense")
    assert request.organization_id == alice.organization.id
    assert request.deadline > time.time()


def test_trouble_of_a_worker_is_a_503_with_its_sentence(alice, collection, answering):
    answering[1][0] = wire.SearchReply(code="index_unavailable", message="Being rebuilt.")
    reply = ask(alice, collection, query="beans")
    assert (reply.status_code, reply.json()["code"]) == (503, "index_unavailable")
    assert reply.json()["detail"] == "Being rebuilt."
    assert reply["Retry-After"] == "5"


def test_without_a_worker_the_caller_is_told_and_nothing_is_left(
    alice, collection, valkey, monkeypatch
):
    monkeypatch.setattr(gateway, "SECONDS", 0.1)
    with pytest.raises(UnavailableError, match="No worker answered"):
        gateway.search_collection(
            principal=alice.principal, collection_id=collection.id, query="beans"
        )
    assert valkey.llen(wire.REQUESTS_KEY) == 0


def test_crowd_is_turned_away(alice, collection, valkey, monkeypatch):
    monkeypatch.setattr(wire, "MAX_WAITING", 2)
    valkey.rpush(wire.REQUESTS_KEY, "one", "two")
    reply = ask(alice, collection, query="beans")
    assert reply.status_code == 503
    assert "Too many searches" in reply.json()["detail"]
    assert valkey.llen(wire.REQUESTS_KEY) == 2


def test_broker_that_is_down_is_a_503(alice, collection, settings):
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    gateway.broker.cache_clear()
    reply = ask(alice, collection, query="beans")
    gateway.broker.cache_clear()
    assert (reply.status_code, reply.json()["code"]) == (503, "unavailable")
    assert "broker" in reply.json()["detail"]


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"query": ""},
        {"query": "x" * 2001},
        {"query": "a", "k": 0},
        {"query": "a", "k": 51},
        {"query": "a", "mode": "magic"},
        {"query": "a", "filter": {"secret": 1}},
        {"query": "a", "filter": {"languages": ["english"]}},
        {"query": "a", "filter": {"document_ids": ["x"] * 101}},
        {"query": "a", "organization": "b"},
    ],
)
def test_nonsense_is_refused_before_anyone_is_asked(alice, collection, body):
    assert ask(alice, collection, **body).status_code == 422


def test_query_of_nothing_visible_is_refused(alice, collection):
    with pytest.raises(InvalidInputError, match="1 to 2,000"):
        gateway.search_collection(
            principal=alice.principal, collection_id=collection.id, query="\u200b \x07"
        )


def test_filter_by_documents_stays_in_the_collection(alice, charlie, collection, upload):
    (own,) = upload(alice, collection, ("a.txt", "Beans climb."))
    (elsewhere,) = upload(alice, make_collection(alice, "Other"), ("b.txt", "Peas climb."))
    (foreign,) = upload(charlie, make_collection(charlie, "Charity"), ("c.txt", "Soup."))
    for document_id in (elsewhere.id, foreign.id, "nonsense"):
        with pytest.raises(NotFoundError, match="no such document in this collection"):
            gateway.search_collection(
                principal=alice.principal,
                collection_id=collection.id,
                query="beans",
                document_ids=[str(own.id), str(document_id)],
            )


def test_key_without_the_scope_cannot_search(alice, collection):
    from dataclasses import replace

    stranger = replace(alice.principal, scopes=frozenset({"run"}))
    with pytest.raises(NotAllowedError):
        gateway.search_collection(principal=stranger, collection_id=collection.id, query="a")


def request_for(collection: Collection, **extra) -> wire.SearchRequest:
    values = {
        "id": "1",
        "organization_id": collection.organization_id,
        "collection_id": collection.id,
        "query": "beans climb",
        "mode": "hybrid",
        "k": 5,
        "document_ids": (),
        "languages": (),
        "deadline": time.time() + 10,
    }
    return wire.SearchRequest(**{**values, **extra})


def answer(request: wire.SearchRequest) -> wire.SearchReply:
    return async_to_sync(worker.answer_search)(request)


def test_worker_answers_with_fused_hits(alice, collection, upload):
    upload(alice, collection, ("a.txt", "Beans climb."), ("b.txt", "Peas do not."))
    run_jobs()
    for mode in ("hybrid", "dense", "lexical"):
        reply = answer(request_for(collection, mode=mode))
        assert reply.code == ""
        assert reply.hits[0].document_name == "a.txt"
        assert wire.SearchReply.decode(reply.encode()) == reply
    assert len(answer(request_for(collection, k=1)).hits) == 1
    assert answer(request_for(collection, languages=("de",))).hits == ()


def test_worker_says_that_an_index_is_being_rebuilt(alice, collection, upload):
    upload(alice, collection, ("a.txt", "Beans climb."))
    run_jobs()
    Collection.unscoped.update(index_generation=0)
    assert answer(request_for(collection)).code == "index_unavailable"


def test_worker_survives_a_plugin_that_breaks(alice, collection, upload, words, monkeypatch):
    upload(alice, collection, ("a.txt", "Beans climb."))
    run_jobs()

    async def break_down(self, text, ctx):
        raise RuntimeError("secret detail")

    monkeypatch.setattr(words, "embed_query", break_down)
    reply = answer(request_for(collection, query="never asked before"))
    assert reply.code == "search_failed"
    assert "secret" not in reply.message


def test_organization_is_part_of_what_a_worker_looks_up(alice, charlie, collection, upload):
    upload(alice, collection, ("a.txt", "Beans climb."))
    run_jobs()
    forged = request_for(collection, organization_id=charlie.organization.id)
    assert answer(forged).hits == ()


async def test_server_takes_requests_drops_stale_ones_and_survives_rubbish(broker, monkeypatch):
    asked = []

    async def reply_with_nothing(request):
        asked.append(request.id)
        return wire.SearchReply()

    monkeypatch.setattr(worker, "answer_search", reply_with_nothing)
    client = redis.asyncio.Redis.from_url(broker[0])
    fake = Collection(id="0" * 32, organization_id="1" * 32)
    stale = request_for(fake, id="stale", deadline=time.time() - 1)
    await client.rpush(
        wire.REQUESTS_KEY, b"rubbish", b"{}", stale.encode(), request_for(fake, id="good").encode()
    )
    import asyncio

    server = asyncio.ensure_future(worker.SearchServer(broker[0]).serve())
    assert await client.blpop([wire.reply_key("good")], timeout=5) is not None
    server.cancel()
    with pytest.raises(asyncio.CancelledError):
        await server
    assert asked == ["good"]
    await client.aclose()


def test_wire_keeps_every_field():
    fake = Collection(id="0" * 32, organization_id="1" * 32)
    import uuid

    request = request_for(fake, organization_id=uuid.uuid4(), collection_id=uuid.uuid4())
    assert wire.SearchRequest.decode(request.encode()) == request


def test_only_workers_of_the_questions_queue_serve(monkeypatch):
    started = []

    def submit(coroutine):
        coroutine.close()
        started.append(coroutine)

    monkeypatch.setattr(worker.process_loop, "submit", submit)

    class Sender:
        def __init__(self, *queues):
            self.app = self
            self.amqp = self
            self.queues = self
            self.consume_from = dict.fromkeys(queues)

    worker.start_serving(sender=Sender("ingest", "index"))
    assert started == []
    worker.start_serving(sender=Sender("runs"))
    assert len(started) == 1
    worker._serving.clear()


def test_retriever_is_made_once_per_wish():
    assert worker._retriever("dense", 3) is worker._retriever("dense", 3)
    assert isinstance(worker._retriever("dense", 3), sdk.Retriever)
