"""What contract tests share: the cast, the world, and a broker that is not there."""

import pytest

from altiplano.knowledge import search
from tests.cast import alice, bob, charlie, green_schools, vera
from tests.contract.world import World, make_world

__all__ = ["alice", "bob", "charlie", "green_schools", "vera"]


@pytest.fixture(autouse=True)
def no_broker(settings):
    """Whatever would leave this process meets a closed port."""
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    search.broker.cache_clear()
    yield
    search.broker.cache_clear()


@pytest.fixture
def world(db, tmp_path) -> World:
    return make_world(tmp_path)
