"""What the first page says is waiting, and for whom."""

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from altiplano.kernel.attention import attention_for
from altiplano.knowledge.models import Collection, DocumentState
from tests.factories.studio import AppFactory, CollectionFactory
from tests.integration.web.conftest import make_document

pytestmark = pytest.mark.django_db
EVERYTHING = frozenset({"read", "write", "run"})


@pytest.fixture
def minutes(alice) -> Collection:
    """Alice's collection with a document that could not be read."""
    collection = CollectionFactory(organization=alice.organization, name="Minutes")
    make_document(collection, "old.pdf", DocumentState.FAILED, reason="It is encrypted.")
    return collection


def sentences(organization, scopes=EVERYTHING) -> list[str]:
    return [str(each.sentence) for each in attention_for(organization.id, scopes)]


def test_failed_document_waits_for_those_who_can_mend_it(alice, charlie, minutes):
    assert sentences(alice.organization) == ["1 document of “Minutes” could not be read."]
    assert sentences(alice.organization, frozenset({"read", "run"})) == []
    assert sentences(charlie.organization) == []


def test_draft_waits_until_it_is_published(alice):
    AppFactory(organization=alice.organization, name="Helper")
    assert sentences(alice.organization) == ["“Helper” is a draft: only members can ask it."]


def test_change_after_publication_waits(alice, garden):
    assert sentences(alice.organization) == []
    garden.app.draft_pipeline = {"stages": []}
    garden.app.save()
    assert sentences(alice.organization) == [
        "“Garden assistant” has changes that are not published."
    ]


def test_most_urgent_comes_first(alice, minutes):
    AppFactory(organization=alice.organization)
    assert [each.urgency for each in attention_for(alice.organization.id, EVERYTHING)] == [0, 2]


def test_first_page_asks_as_often_for_many_as_for_one(alice, minutes):
    client = Client()
    client.force_login(alice.user)
    AppFactory(organization=alice.organization)
    client.get("/home/")
    with CaptureQueriesContext(connection) as few:
        client.get("/home/")
    for _ in range(3):
        AppFactory(organization=alice.organization)
        another = CollectionFactory(organization=alice.organization)
        make_document(another, "old.pdf", DocumentState.FAILED, reason="It is encrypted.")
    with CaptureQueriesContext(connection) as many:
        page = client.get("/home/")
    assert page.content.decode().count("could not be read") == 4
    assert len(many) == len(few)
