"""Membership and roles: only owners decide, and one owner always remains."""

from dataclasses import replace

import pytest
from django.core import mail

from altiplano.accounts.domain.members import add_member, change_role, remove_member
from altiplano.accounts.domain.tokens import authenticate_token
from altiplano.accounts.models import AuditEvent, Membership, Role, User
from altiplano.accounts.principal import ROLE_SCOPES
from altiplano.kernel.errors import (
    ConflictError,
    InvalidInputError,
    NotAllowedError,
    NotFoundError,
    NotSignedInError,
)

pytestmark = pytest.mark.django_db


def test_owner_adds_someone_new_who_sets_a_password_by_mail(alice, client):
    membership = add_member(principal=alice.principal, email=" Dora@Example.org", role="builder")
    dora = membership.user
    assert (dora.email, dora.has_usable_password()) == ("dora@example.org", False)
    assert mail.outbox == []
    assert AuditEvent.objects.filter(action="member.added", object_id=str(dora.id)).count() == 1


def test_owner_adds_someone_who_has_an_account(alice, charlie):
    before = User.objects.count()
    add_member(principal=alice.principal, email=charlie.user.email, role="viewer")
    assert User.objects.count() == before
    assert Membership.unscoped.filter(user=charlie.user).count() == 2


def test_member_is_not_added_twice(alice, bob):
    with pytest.raises(ConflictError):
        add_member(principal=alice.principal, email=bob.user.email, role="viewer")
    assert Membership.unscoped.get(user=bob.user).role == Role.BUILDER


@pytest.mark.parametrize(("email", "role"), [("nobody", "viewer"), ("a@example.org", "admin")])
def test_nonsense_member_is_refused(alice, email, role):
    with pytest.raises(InvalidInputError):
        add_member(principal=alice.principal, email=email, role=role)


def test_only_owners_decide_about_others(alice, bob, vera):
    for act in (
        lambda: add_member(principal=bob.principal, email="x@example.org", role="viewer"),
        lambda: change_role(
            principal=bob.principal, membership_id=vera.membership.id, role="owner"
        ),
        lambda: remove_member(principal=bob.principal, membership_id=vera.membership.id),
        lambda: remove_member(
            principal=authenticate_token(alice.key), membership_id=vera.membership.id
        ),
    ):
        with pytest.raises(NotAllowedError):
            act()
    assert Membership.unscoped.count() == 3


def test_another_organizations_member_is_not_found(alice, charlie):
    with pytest.raises(NotFoundError):
        change_role(principal=alice.principal, membership_id=charlie.membership.id, role="viewer")
    with pytest.raises(NotFoundError):
        remove_member(principal=alice.principal, membership_id=charlie.membership.id)


def test_last_owner_stays(alice, bob):
    for act in (
        lambda: change_role(
            principal=alice.principal, membership_id=alice.membership.id, role="viewer"
        ),
        lambda: remove_member(principal=alice.principal, membership_id=alice.membership.id),
    ):
        with pytest.raises(ConflictError) as caught:
            act()
        assert caught.value.code == "last_owner"
    change_role(principal=alice.principal, membership_id=bob.membership.id, role="owner")
    remove_member(principal=alice.principal, membership_id=alice.membership.id)
    assert Membership.unscoped.get().user == bob.user


def test_inactive_owner_is_no_other_owner(alice, bob):
    change_role(principal=alice.principal, membership_id=bob.membership.id, role="owner")
    User.objects.filter(id=bob.user.id).update(is_active=False)
    with pytest.raises(ConflictError):
        remove_member(principal=alice.principal, membership_id=alice.membership.id)


def test_removed_members_keys_stay_dead_when_they_come_back(alice, bob):
    remove_member(principal=alice.principal, membership_id=bob.membership.id)
    add_member(principal=alice.principal, email=bob.user.email, role="owner")
    with pytest.raises(NotSignedInError):
        authenticate_token(bob.key)


def test_anyone_may_leave(vera):
    remove_member(principal=vera.principal, membership_id=vera.membership.id)
    assert Membership.unscoped.filter(user=vera.user).count() == 0


def test_role_change_is_on_record_and_an_unchanged_one_is_not(alice, bob):
    for _ in range(2):
        change_role(principal=alice.principal, membership_id=bob.membership.id, role="viewer")
    event = AuditEvent.objects.get(action="member.role_changed")
    assert event.actor_id == alice.user.id
    assert event.data == {"from": "builder", "to": "viewer"}


def test_members_are_listed_in_constant_queries(alice, bob, vera, django_assert_num_queries):
    alice.api.get("/api/v1/members")
    with django_assert_num_queries(2):
        rows = alice.api.get("/api/v1/members").json()
    assert [(row["email"], row["role"]) for row in rows] == [
        ("alice@example.org", "owner"),
        ("bob@example.org", "builder"),
        ("vera@example.org", "viewer"),
    ]


def test_owner_manages_members_over_the_api(alice, bob):
    browser = alice.browser
    browser.handler.enforce_csrf_checks = False
    made = browser.post(
        "/api/v1/members",
        {"email": "dora@example.org", "role": "viewer"},
        content_type="application/json",
    )
    assert made.status_code == 201
    address = f"/api/v1/members/{made.json()['id']}"
    changed = browser.patch(address, {"role": "builder"}, content_type="application/json")
    assert changed.json()["role"] == "builder"
    assert browser.delete(address).status_code == 204
    assert browser.delete(address).status_code == 404


def test_who_is_no_owner_any_more_decides_nothing(alice, bob, vera):
    """Their request was let in as an owner's, and waited for the one that took the role."""
    was_owner = replace(bob.principal, role="owner", scopes=ROLE_SCOPES["owner"])
    for act in (
        lambda: change_role(principal=was_owner, membership_id=vera.membership.id, role="owner"),
        lambda: remove_member(principal=was_owner, membership_id=vera.membership.id),
    ):
        with pytest.raises(NotAllowedError) as caught:
            act()
        assert caught.value.code == "role_not_allowed"
    assert Membership.unscoped.get(id=vera.membership.id).role == Role.VIEWER
    remove_member(principal=was_owner, membership_id=bob.membership.id)
    assert Membership.unscoped.count() == 2, "leaving is everyone's right"
