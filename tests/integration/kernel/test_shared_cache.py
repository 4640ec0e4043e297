"""Failed sign-ins are counted over all processes, and each for itself while Redis is away."""

import json

import pytest
import redis
from django.core.cache import caches
from django.test import Client

from altiplano.kernel import shared_cache
from altiplano.kernel.shared_cache import SharedCache
from tests.integration.accounts.people import person, sign_in

WRONG = "not the password"
TRIES = 5  # allauth's, for one address in five minutes


@pytest.fixture(autouse=True)
def _asked_at_once(monkeypatch):
    """Redis is asked at once, whatever happened in the test before."""
    monkeypatch.setattr(SharedCache, "_alone_until", 0.0)


def shared(url: str) -> SharedCache:
    return SharedCache(url, {"KEY_PREFIX": "test"})


@pytest.fixture
def shared_by_all(valkey_url, settings):
    """The project's cache is in Redis, as it is outside of tests."""
    settings.CACHES = {
        **settings.CACHES,
        "default": {
            "BACKEND": "altiplano.kernel.shared_cache.SharedCache",
            "LOCATION": valkey_url,
            "KEY_PREFIX": "sign-in",
        },
    }
    yield caches["default"]
    caches["default"].clear()


def test_what_one_process_keeps_another_finds(valkey_url):
    here, there = shared(valkey_url), shared(valkey_url)
    assert here.add("lock", True, timeout=60)
    assert not there.add("lock", True, timeout=60)
    here.set("times", [1.5, 2.5], timeout=60)
    assert there.get("times") == [1.5, 2.5]
    assert there.delete("lock")
    assert here.get("lock") is None


def test_stored_values_are_json_and_pass(valkey_url):
    cache = shared(valkey_url)
    cache.set("times", [1.5], timeout=60)
    with redis.Redis.from_url(valkey_url) as client:
        (key,) = client.keys("*times")
        assert json.loads(client.get(key)) == [1.5]
        assert 0 < client.ttl(key) <= 60


def test_process_counts_alone_while_redis_is_away(monkeypatch):
    cache = shared("redis://127.0.0.1:1/0")
    assert cache.add("away", [1], timeout=60)
    assert cache.get("away") == [1]
    asked = []
    monkeypatch.setattr(shared_cache, "_client", asked.append)
    assert cache.get("away") == [1]
    assert asked == [], "after a failure Redis is left alone for some seconds"
    assert cache.delete("away")


@pytest.mark.django_db
def test_failed_sign_ins_count_in_every_process(shared_by_all, monkeypatch):
    dora = person("dora@example.org")
    for _ in range(TRIES):
        sign_in(Client(), dora.email, WRONG)
        # Another process: it shares no memory with this one.
        shared_by_all._near.clear()
        shared_cache._client.cache_clear()
    assert sign_in(Client(), dora.email).status_code == 200, "refused, the password right"
    with monkeypatch.context() as patch:
        patch.setattr(SharedCache, "_alone_until", float("inf"))
        assert sign_in(Client(), dora.email).status_code == 302, "its own count is empty"
