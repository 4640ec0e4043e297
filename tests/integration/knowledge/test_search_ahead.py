"""What a search does before it is known what it will find."""

import asyncio
import time
import uuid
from contextlib import suppress

import pytest
from asgiref.sync import async_to_sync
from django.db import connection
from django.test.utils import CaptureQueriesContext

from altiplano.knowledge import search_wire as wire
from altiplano.knowledge.domain.collections import delete_collection
from altiplano.knowledge.domain.documents import delete_document
from altiplano.knowledge.models import Chunk, Document
from altiplano_worker.tasks import passages
from altiplano_worker.tasks import search as worker
from altiplano_worker.tasks.passages import CollectionPassages
from tests.integration.knowledge.conftest import run_jobs

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def forgetful():
    worker._embedders.clear()
    yield
    worker._embedders.clear()


@pytest.fixture
def beans(alice, collection, upload):
    upload(alice, collection, ("a.txt", "Beans climb."), ("b.txt", "Peas do not."))
    run_jobs()
    return collection


def answer(collection, query: str, mode: str = "hybrid", **other) -> wire.SearchReply:
    values = {
        "id": "1",
        "organization_id": collection.organization_id,
        "collection_id": collection.id,
        "k": 5,
        "document_ids": (),
        "languages": (),
        "deadline": time.time() + 10,
    }
    request = wire.SearchRequest(query=query, mode=mode, **{**values, **other})
    return async_to_sync(worker.answer_search)(request)


def test_vector_is_made_while_the_collection_is_opened(beans, words, monkeypatch):
    answer(beans, "first")
    opening, embedding = asyncio.Event(), asyncio.Event()
    embed, open_index = words.embed_query, CollectionPassages.open

    async def embed_meanwhile(self, text, ctx):
        embedding.set()
        await asyncio.wait_for(opening.wait(), 5)
        return await embed(self, text, ctx)

    async def open_meanwhile(self):
        opening.set()
        await asyncio.wait_for(embedding.wait(), 5)
        return await open_index(self)

    monkeypatch.setattr(words, "embed_query", embed_meanwhile)
    monkeypatch.setattr(CollectionPassages, "open", open_meanwhile)
    reply = answer(beans, "second beans")
    assert reply.code == ""
    assert reply.hits[0].document_name == "a.txt"


def test_question_by_words_alone_is_never_embedded(beans, words, monkeypatch):
    answer(beans, "first")

    async def embed(self, text, ctx):
        raise AssertionError("nobody needs a vector")

    monkeypatch.setattr(words, "embed_query", embed)
    assert answer(beans, "beans climb", mode="lexical").hits


def test_embedder_remembered_of_a_deleted_collection_answers_nobody(alice, beans):
    assert answer(beans, "beans").hits
    delete_collection(principal=alice.principal, collection_id=beans.id)
    assert answer(beans, "climb").hits == ()


def test_embedders_are_remembered_up_to_a_limit(beans, monkeypatch):
    monkeypatch.setattr(worker, "REMEMBERED_EMBEDDERS", 1)
    worker._embedders[(uuid.uuid4(), uuid.uuid4())] = worker._embedders.get(beans.id)
    answer(beans, "beans")
    assert list(worker._embedders) == [(beans.organization_id, beans.id)]


def passage_queries(collection, query: str) -> int:
    with CaptureQueriesContext(connection) as captured:
        assert answer(collection, query).hits
    table = Chunk._meta.db_table
    return sum(f'FROM "{table}"' in each["sql"] for each in captured.captured_queries)


def test_small_collection_is_read_in_one_query_and_says_the_same(beans, monkeypatch):
    assert passage_queries(beans, "beans climb") == 1
    whole = answer(beans, "beans climb")
    monkeypatch.setattr(passages, "READ_WHOLE", 0)
    assert answer(beans, "beans climb") == whole
    assert len(whole.hits) == 2


def test_deleted_document_of_a_small_collection_is_gone_at_once(alice, beans, upload):
    assert len(answer(beans, "beans climb").hits) == 2
    peas = Document.objects.within(alice.organization.id).get(name="b.txt")
    delete_document(principal=alice.principal, document_id=peas.id)
    assert [hit.document_name for hit in answer(beans, "beans climb").hits] == ["a.txt"]


async def test_server_ends_though_its_client_swallows_the_cancellation():
    """As redis-py does before Python 3.12 when a reply arrives at the same moment."""
    server = worker.SearchServer("redis://127.0.0.1:1/0")
    asked = asyncio.Event()

    async def swallow():
        asked.set()
        with suppress(asyncio.CancelledError):
            await asyncio.Event().wait()

    server._next = swallow
    serving = asyncio.ensure_future(server.serve())
    await asked.wait()
    serving.cancel()
    done, _ = await asyncio.wait({serving}, timeout=5)
    assert serving in done
    assert serving.cancelled()
