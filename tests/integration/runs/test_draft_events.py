"""The author of a draft follows what happens to it."""

import json

import pytest
import redis
from asgiref.sync import async_to_sync

from altiplano.catalog.draft_feed import DATA_FIELD, TYPE_FIELD, feed_key
from altiplano.catalog.package_models import Package
from altiplano.runs.interfaces.draft_events import follow_feed
from altiplano.runs.interfaces.sse import OPENING
from tests.factories.packages import make_package

pytestmark = pytest.mark.django_db


def add(valkey_url, package, text) -> str:
    client = redis.Redis.from_url(valkey_url)
    data = json.dumps({"event": text}).encode()
    entry = client.xadd(feed_key(package.id), {TYPE_FIELD: b"log", DATA_FIELD: data})
    client.close()
    return entry.decode()


@pytest.fixture
def package(alice) -> Package:
    make_package(alice.organization)
    return Package.unscoped.get()


@async_to_sync
async def read(package, after, count) -> list[bytes]:
    found: list[bytes] = []
    feed = follow_feed(package.id, after)
    async for piece in feed:
        found.append(piece)
        if len(found) == count:
            break
    await feed.aclose()
    return found


def test_what_came_after_the_named_event_is_told_in_order(package, valkey_url):
    first = add(valkey_url, package, "one")
    add(valkey_url, package, "two")
    add(valkey_url, package, "three")
    opening, second, third = read(package, first, 3)
    assert opening == OPENING
    assert b'event: log\ndata: {"event": "two"}' in second
    assert b'{"event": "three"}' in third


def test_without_a_position_everything_begins_now(package, valkey_url, monkeypatch):
    monkeypatch.setattr("altiplano.runs.interfaces.draft_events.BLOCK_MS", 50)
    add(valkey_url, package, "old")
    _, told = read(package, "$", 2)
    assert told.startswith(b":")


def test_position_that_is_none_is_refused_and_foreign_drafts_are_not_there(alice, charlie, package):
    address = f"/api/v1/plugins/drafts/{package.slug}/events"
    refused = alice.api.get(address, headers={"last-event-id": "x"})
    assert refused.json()["code"] == "event_id_malformed"
    assert charlie.api.get(address).status_code == 404
