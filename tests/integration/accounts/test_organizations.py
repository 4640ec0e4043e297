"""Organizations: made with an owner, found by a slug, switched between."""

import pytest

from altiplano.accounts.domain.organizations import (
    create_organization,
    create_organization_with_owner,
)
from altiplano.accounts.domain.tokens import authenticate_token
from altiplano.accounts.models import AppendOnlyError, AuditEvent, Membership, Organization
from altiplano.kernel.errors import InvalidInputError
from tests.factories.accounts import UserFactory

pytestmark = pytest.mark.django_db


def test_creator_owns_the_organization(django_assert_max_num_queries):
    user = UserFactory()
    made = create_organization(
        user=user, name="  Green\u202e  Schools ", kind="public", country="fr"
    )
    assert (made.name, made.slug, made.country) == ("Green Schools", "green-schools", "FR")
    assert Membership.unscoped.get(organization=made).role == "owner"
    assert AuditEvent.objects.get().action == "organization.created"


def test_same_name_gets_another_slug():
    user = UserFactory()
    slugs = [create_organization(user=user, name="École", kind="public").slug for _ in range(3)]
    assert slugs == ["ecole", "ecole-2", "ecole-3"]


def test_name_without_latin_letters_gets_a_slug():
    made = create_organization(user=UserFactory(), name="緑の学校", kind="academic")
    assert made.slug == "organization"


def test_slug_taken_in_between_is_chosen_anew(monkeypatch):
    user = UserFactory()
    create_organization(user=user, name="Garden", kind="public")
    looks = iter(["garden", "garden-2"])
    monkeypatch.setattr(
        "altiplano.accounts.domain.organizations.free_slug", lambda *_, **__: next(looks)
    )
    assert create_organization(user=user, name="Garden", kind="public").slug == "garden-2"


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"name": " ", "kind": "public"}, "name"),
        ({"name": "x" * 201, "kind": "public"}, "name"),
        ({"name": "x", "kind": "cartel"}, "kind"),
        ({"name": "x", "kind": "public", "country": "FRA"}, "country"),
    ],
)
def test_nonsense_organization_is_refused(values, field):
    with pytest.raises(InvalidInputError) as caught:
        create_organization(user=UserFactory(), **values)
    assert list(caught.value.fields) == [field]
    assert Organization.objects.count() == 0


def test_operator_makes_an_organization_whose_owner_can_begin(client):
    made = create_organization_with_owner(
        name="Green Schools", kind="non-profit", owner_email="Alice@Example.org"
    )
    organization, user, password, api_key = made
    assert user.email == "alice@example.org"
    assert user.emailaddress_set.get().verified
    assert authenticate_token(api_key).scopes == {"read", "write", "run"}
    assert client.login(email="alice@example.org", password=password)
    assert organization.slug == "green-schools"


def test_operator_leaves_an_existing_persons_password_alone(alice):
    before = alice.user.password
    made = create_organization_with_owner(
        name="Second", kind="public", owner_email=alice.user.email
    )
    alice.user.refresh_from_db()
    assert (made.password, alice.user.password) == ("", before)


def test_audit_rows_are_append_only(alice):
    event = AuditEvent.objects.first()
    for act in (
        event.save,
        event.delete,
        AuditEvent.objects.all().delete,
        lambda: AuditEvent.objects.update(action="nothing"),
    ):
        with pytest.raises(AppendOnlyError):
            act()
