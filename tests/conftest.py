"""What every test may rely on: the cast, a quiet broker, sockets only where a test is about them."""

import pytest
from django.db import connection
from django.utils import translation
from pytest_socket import disable_socket, enable_socket

from altiplano.accounts.consent_guards import lift_guards
from altiplano.challenges.freeze_guards import FREEZE_GUARDS
from tests.fakes import publisher


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Unit tests touch no database: asking for one there is an error, not a slow test."""
    for item in items:
        if "/tests/unit/" in item.path.as_posix() and item.get_closest_marker("django_db"):
            raise pytest.UsageError(f"{item.nodeid} is a unit test and asks for the database")


@pytest.fixture(autouse=True)
def sockets(request: pytest.FixtureRequest):
    """Unit tests touch no socket (Unix sockets stay open: asyncio needs a pair of them)."""
    if "/tests/unit/" in request.path.as_posix():
        disable_socket(allow_unix_socket=True)
        yield
        enable_socket()
    else:
        yield


@pytest.fixture(autouse=True)
def rows_may_go(request: pytest.FixtureRequest):
    """After a test with transactions of its own its tables are emptied, with what is kept for good.

    The guards that keep those are set again by the migration signal that follows.
    """
    yield
    marker = request.node.get_closest_marker("django_db")
    if marker is not None and marker.kwargs.get("transaction"):
        lift_guards(connection)
        lift_guards(connection, FREEZE_GUARDS)


@pytest.fixture(autouse=True)
def language():
    """Each test begins in English: a request in French leaves its thread in French."""
    translation.deactivate()


@pytest.fixture(autouse=True)
def published():
    """Messages that the code under test published, instead of a broker."""
    publisher.published.clear()
    return publisher.published
