"""What owners decide about the organization, and the record of it all."""

import pytest
from django.test import Client

from altiplano.accounts.domain.audit import record_event
from altiplano.accounts.domain.members import change_role, remove_member
from altiplano.accounts.history import SENTENCES
from altiplano.accounts.models import AuditEvent, Organization, User
from altiplano.knowledge.models import Collection
from tests.factories.studio import CollectionFactory

pytestmark = pytest.mark.django_db

FACTS = {"name": "Blue Schools", "kind": "public", "country": "BE"}


@pytest.fixture
def owner(alice) -> Client:
    client = Client()
    client.force_login(alice.user)
    return client


def history_of(owner: Client, **wanted: str) -> list[str]:
    entries = owner.get("/organization/history/", wanted).context["entries"]
    return [entry.sentence for entry in entries]


def test_owner_changes_what_the_organization_says_of_itself(owner, alice):
    assert owner.post("/organization/", FACTS).status_code == 302
    alice.organization.refresh_from_db()
    assert (alice.organization.name, alice.organization.slug) == ("Blue Schools", "green-schools")
    event = AuditEvent.objects.latest("id")
    assert event.data["name"] == {"from": "Green Schools", "to": "Blue Schools"}
    owner.post("/organization/", FACTS)
    assert AuditEvent.objects.latest("id") == event


def test_nonsense_is_given_back(owner):
    for wrong in ({"name": " "}, {"kind": "secret"}, {"country": "11"}):
        assert owner.post("/organization/", FACTS | wrong).status_code == 400
    assert Organization.objects.get().name == "Green Schools"


def test_others_read_the_facts(vera):
    client = Client()
    client.force_login(vera.user)
    page = client.get("/organization/").content.decode()
    assert "Owners can change this." in page
    assert "Delete the organization" not in page


def test_organization_goes_with_all_that_is_its_own(owner, alice, bob, charlie):
    CollectionFactory(organization=alice.organization, name="Garden")
    other = CollectionFactory(organization=charlie.organization, name="Other")
    assert owner.post("/organization/delete/", {"name": "green schools"}).status_code == 400
    assert Organization.objects.count() == 2
    answer = owner.post("/organization/delete/", {"name": " Green  Schools "})
    assert answer["Location"] == "/home/"
    assert list(Collection.unscoped.all()) == [other]
    assert User.objects.count() == 3
    event = AuditEvent.objects.latest("id")
    assert (event.action, event.data["name"]) == ("organization.deleted", "Green Schools")
    assert owner.get("/home/")["Location"] == "/organizations/new/"


def test_history_is_told_in_sentences(owner, alice, bob, vera):
    change_role(principal=alice.principal, membership_id=bob.membership.id, role="owner")
    remove_member(principal=alice.principal, membership_id=vera.membership.id)
    assert history_of(owner)[:2] == [
        "alice@example.org removed vera@example.org.",
        "alice@example.org changed the role of bob@example.org from builder to owner.",
    ]
    owner.cookies["django_language"] = "fr"
    assert "concepteur devient propriétaire" in history_of(owner)[1]


def test_leaving_is_told_as_leaving(owner, vera):
    remove_member(principal=vera.principal, membership_id=vera.membership.id)
    assert history_of(owner)[0] == "vera@example.org left."


def test_history_is_filtered_by_person_and_matter(owner, alice, bob):
    assert len(history_of(owner, who="bob", what="keys")) == 1
    assert history_of(owner, who="bob", what="members") == []
    assert history_of(owner, what="nonsense") == history_of(owner)


@pytest.mark.parametrize("action", [*SENTENCES, "thing.done_somehow"])
def test_every_event_has_a_sentence_whatever_it_lacks(owner, alice, action):
    for kind, data in (("member", {}), ("app", {"name": "{{7*7}} %s <b>"}), ("app", ["odd"])):
        AuditEvent.objects.create(
            organization_id=alice.organization.id,
            actor_label="Alice",
            action=action,
            object_type=kind,
            object_id="x",
            data=data,
        )
    page = owner.get("/organization/history/").content.decode()
    assert "<b>" not in page
    assert "%(" not in page


def test_history_of_others_is_not_shown(owner, charlie):
    record_event(
        principal=charlie.principal,
        organization_id=charlie.organization.id,
        action="app.created",
        object_type="app",
        object_id="1",
        data={"name": "CANARY"},
    )
    assert "CANARY" not in owner.get("/organization/history/").content.decode()


def test_history_is_told_in_constant_queries(
    owner, alice, bob, django_assert_num_queries, django_assert_max_num_queries
):
    change_role(principal=alice.principal, membership_id=bob.membership.id, role="viewer")
    with django_assert_max_num_queries(15) as few:
        owner.get("/organization/history/")
    for number in range(120):
        record_event(
            principal=alice.principal,
            organization_id=alice.organization.id,
            action="member.added",
            object_type="member",
            object_id=bob.user.id,
            data={"email": f"{number}@example.org", "role": "viewer"},
        )
    with django_assert_num_queries(len(few)):
        page = owner.get("/organization/history/", {"who": "alice"})
    assert "who=alice" in page.content.decode()
