"""API keys: issued, shown once, used, narrowed, revoked."""

from datetime import timedelta

import pytest
from django.utils import timezone

from altiplano.accounts.domain.tokens import authenticate_token, issue_token, revoke_token
from altiplano.accounts.models import ApiToken, AuditEvent, Membership, Role
from altiplano.kernel.errors import (
    InvalidInputError,
    NotAllowedError,
    NotFoundError,
    NotSignedInError,
)
from tests.cast import client_with_key

pytestmark = pytest.mark.django_db


def token_of(member) -> ApiToken:
    return ApiToken.objects.within(member.organization.id).get(created_by=member.user)


def test_issued_key_is_stored_only_as_a_hash(alice):
    issued = issue_token(principal=alice.principal, name="Laptop", scopes=["read"])
    row = ApiToken.unscoped.filter(id=issued.token.id).values().get()
    assert issued.key.startswith("alti_")
    assert len(issued.key) == 48
    assert issued.key not in repr(row)
    assert row["prefix"] == issued.key[:11]


def test_two_keys_share_nothing_but_the_prefix(alice):
    keys = {
        issue_token(principal=alice.principal, name="k", scopes=["read"]).key for _ in range(50)
    }
    assert len({key[5:11] for key in keys}) == 50


@pytest.mark.parametrize(
    ("scopes", "error"),
    [
        ([], InvalidInputError),
        (["admin"], InvalidInputError),
        (["manage"], InvalidInputError),
        (["read", "write"], NotAllowedError),
    ],
)
def test_key_never_reaches_further_than_its_maker(vera, scopes, error):
    with pytest.raises(error):
        issue_token(principal=vera.principal, name="k", scopes=scopes)
    assert ApiToken.unscoped.filter(name="k").count() == 0


def test_key_needs_a_name_and_a_future_expiry(alice):
    with pytest.raises(InvalidInputError):
        issue_token(principal=alice.principal, name="\u200b \n", scopes=["read"])
    with pytest.raises(InvalidInputError):
        issue_token(principal=alice.principal, name="k", scopes=["read"], expires_at=timezone.now())


def test_key_of_a_key_is_refused(alice):
    with pytest.raises(NotAllowedError) as caught:
        issue_token(principal=authenticate_token(alice.key), name="k", scopes=["read"])
    assert caught.value.code == "person_required"


def test_expired_key_is_refused(alice):
    ApiToken.unscoped.update(expires_at=timezone.now() - timedelta(seconds=1))
    with pytest.raises(NotSignedInError) as caught:
        authenticate_token(alice.key)
    assert caught.value.code == "key_expired"


def test_revoked_key_is_refused_at_once_on_the_api(alice):
    assert alice.api.get("/api/v1/tokens").status_code == 200
    revoke_token(principal=alice.principal, token_id=token_of(alice).id)
    refused = alice.api.get("/api/v1/tokens")
    assert (refused.status_code, refused.json()["code"]) == (401, "key_revoked")
    assert refused["WWW-Authenticate"].startswith("Bearer")


def test_key_follows_the_role_of_its_maker(bob):
    assert "write" in authenticate_token(bob.key).scopes
    Membership.unscoped.filter(user=bob.user).update(role=Role.VIEWER)
    assert authenticate_token(bob.key).scopes == {"read", "run"}
    Membership.unscoped.filter(user=bob.user).delete()
    with pytest.raises(NotSignedInError):
        authenticate_token(bob.key)


def test_key_of_an_inactive_person_is_refused(alice):
    alice.user.is_active = False
    alice.user.save()
    with pytest.raises(NotSignedInError):
        authenticate_token(alice.key)


def test_suspended_organization_answers_no_credential(alice):
    alice.organization.is_suspended = True
    alice.organization.save()
    for client in (alice.api, alice.browser):
        refused = client.get("/api/v1/tokens")
        assert (refused.status_code, refused.json()["code"]) == (403, "organization_suspended")


def test_last_use_is_written_once_a_minute(alice, django_assert_num_queries):
    with django_assert_num_queries(2):
        authenticate_token(alice.key)
    first = token_of(alice).last_used_at
    with django_assert_num_queries(1):
        authenticate_token(alice.key)
    assert token_of(alice).last_used_at == first
    ApiToken.unscoped.update(last_used_at=timezone.now() - timedelta(minutes=2))
    with django_assert_num_queries(2):
        authenticate_token(alice.key)


def test_owner_revokes_any_key_and_others_their_own(alice, bob, vera, charlie):
    with pytest.raises(NotAllowedError):
        revoke_token(principal=vera.principal, token_id=token_of(bob).id)
    with pytest.raises(NotFoundError):
        revoke_token(principal=charlie.principal, token_id=token_of(bob).id)
    revoke_token(principal=vera.principal, token_id=token_of(vera).id)
    revoke_token(principal=alice.principal, token_id=token_of(bob).id)
    revoke_token(principal=alice.principal, token_id=token_of(bob).id)
    actions = AuditEvent.objects.filter(action="token.revoked").values_list("actor_label")
    assert sorted(actions) == [("alice@example.org",), ("vera@example.org",)]


def test_key_may_revoke_itself_and_no_other(bob):
    other = issue_token(principal=bob.principal, name="other", scopes=["read"])
    refused = bob.api.delete(f"/api/v1/tokens/{other.token.id}")
    assert (refused.status_code, refused.json()["code"]) == (403, "person_required")
    own = authenticate_token(bob.key).token_id
    assert bob.api.delete(f"/api/v1/tokens/{own}").status_code == 204
    assert bob.api.get("/api/v1/tokens").status_code == 401


def test_signed_in_person_issues_a_key_that_works(bob):
    browser = bob.browser
    browser.get("/api/v1/tokens")
    body = {"name": "Laptop", "scopes": ["read"]}
    refused = browser.post("/api/v1/tokens", body, content_type="application/json")
    assert (refused.status_code, refused.json()["code"]) == (403, "csrf_failed")
    browser.handler.enforce_csrf_checks = False
    made = browser.post("/api/v1/tokens", body, content_type="application/json")
    assert made.status_code == 201
    key = made.json()["key"]
    listed = client_with_key(key).get("/api/v1/tokens")
    assert listed.status_code == 200
    assert key not in listed.content.decode()
    assert {row["name"] for row in listed.json()} == {"Laptop", "Bob's key"}


def test_owner_sees_all_keys_in_constant_queries(alice, bob, vera, django_assert_num_queries):
    browser = alice.browser
    with django_assert_num_queries(4):  # session, person, membership, keys
        first = browser.get("/api/v1/tokens").json()
    issue_token(principal=bob.principal, name="another", scopes=["read"])
    with django_assert_num_queries(4):
        second = browser.get("/api/v1/tokens").json()
    assert {row["created_by"] for row in first} == {
        "alice@example.org",
        "bob@example.org",
        "vera@example.org",
    }
    assert len(second) == len(first) + 1
    assert {row["created_by"] for row in bob.api.get("/api/v1/tokens").json()} == {
        "bob@example.org"
    }
