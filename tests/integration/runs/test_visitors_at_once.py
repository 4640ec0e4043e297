"""Many visitors ask in the same moment: no more are answered than the app allows."""

import threading
import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection

from altiplano.kernel.errors import LimitReachedError
from altiplano.runs.domain.visiting import ask_as_visitor
from altiplano.runs.models import Run
from altiplano.runs.visitors import Visitor
from altiplano.studio.models import AppSharing
from altiplano.studio.public_apps import PublicApp, find_public_app
from tests.factories.runs import make_endpoint, publish_app

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("valkey_url"),
    pytest.mark.skipif(
        connection.vendor == "sqlite",
        reason="the suite's SQLite database is in memory, where a lock fails instead of waiting",
    ),
]

AT_ONCE = 8


@pytest.fixture
def public(alice) -> PublicApp:
    make_endpoint()
    app = publish_app(alice.organization, slug="garden")
    AppSharing.unscoped.create(
        organization=alice.organization,
        app=app,
        is_public=True,
        questions_per_visitor=3,
        questions_per_day=5,
    )
    return find_public_app(alice.organization.slug, "garden")


def ask_at_once(visitors: list[Visitor]) -> list[bool]:
    """Each asks a question of its own; for each whether it was accepted."""
    start = threading.Barrier(len(visitors))

    def ask(number: int, visitor: Visitor) -> bool:
        start.wait()
        try:
            ask_as_visitor(visitor=visitor, question=f"How long is {number}?")
        except LimitReachedError:
            return False
        finally:
            connection.close()
        return True

    with ThreadPoolExecutor(len(visitors)) as threads:
        return list(threads.map(ask, range(len(visitors)), visitors))


def test_one_visitor_in_many_windows_has_one_hour(public):
    visitor = Visitor(uuid.uuid4(), public)
    assert sum(ask_at_once([visitor] * AT_ONCE)) == 3
    assert Run.unscoped.filter(visitor=visitor.id).count() == 3


def test_many_visitors_share_one_day(public):
    visitors = [Visitor(uuid.uuid4(), public) for _ in range(AT_ONCE)]
    assert sum(ask_at_once(visitors)) == 5
    assert Run.unscoped.filter(visitor__isnull=False).count() == 5
