"""A real Valkey for the tests that need one, started once and emptied before each test."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis

from tests.stack import running_valkey


@pytest.fixture(scope="session")
def valkey_server() -> Iterator[str]:
    with (
        tempfile.TemporaryDirectory(prefix="altiplano-valkey-") as home,
        running_valkey(Path(home)) as (url, _),
    ):
        yield url


@pytest.fixture
def valkey_url(valkey_server: str, settings) -> str:
    """Its address, which is the platform's, too, for the time of the test."""
    with redis.Redis.from_url(valkey_server) as client:
        client.flushall()
    settings.REDIS_URL = valkey_server
    return valkey_server
