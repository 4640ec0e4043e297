"""What the tests of accounts share: limits of attempts begin afresh."""

import pytest
from django.core.cache import cache

from tests.integration.accounts.people import person


@pytest.fixture(autouse=True)
def no_earlier_attempts():
    """Limits of attempts count in the cache, which outlives a test."""
    cache.clear()
    yield
    cache.clear()


@pytest.fixture
def dora(db):
    """A person with a confirmed address who belongs to no organization."""
    return person("dora@example.org")
