"""An operator works in a person's place: for a reason, seen by all, on record, and not in all things."""

import pytest
from django.contrib.auth.models import Permission
from django.test import Client

from altiplano.accounts.models import ApiToken, AuditEvent, User

pytestmark = pytest.mark.django_db


def staff(email: str, **rights: bool) -> User:
    return User.objects.create_user(email, is_staff=True, **rights)


def signed_in(person: User) -> Client:
    client = Client()
    client.force_login(person, backend="allauth.account.auth_backends.AuthenticationBackend")
    return client


@pytest.fixture
def operator(db) -> User:
    return staff("operator@example.org", is_superuser=True)


def take_place(client: Client, person: User, reason: str = "They asked for help."):
    return client.post(
        f"/admin/stand-in/{person.pk}/", {"user_pk": str(person.pk), "reason": reason}
    )


def events(action: str) -> list[AuditEvent]:
    return list(AuditEvent.objects.filter(action=action))


def test_operator_sees_what_the_person_sees_and_gives_it_back(operator, alice):
    client = signed_in(operator)
    assert take_place(client, alice.user)["Location"] == "/home/"
    page = client.get("/home/").content.decode()
    assert "You are working in the place of <strong>alice@example.org</strong>" in page
    back = client.post("/stand-in/end/")
    assert back["Location"] == f"/admin/accounts/user/{alice.user.pk}/change/"
    assert client.get("/admin/").status_code == 200
    for action in ("stand_in.started", "stand_in.ended"):
        (event,) = events(action)
        assert (event.actor_id, event.object_id) == (operator.id, str(alice.user.id))
        assert event.data["reason"] == "They asked for help."


@pytest.mark.parametrize("reason", ["", "   \t "])
def test_without_a_reason_nothing_happens(operator, alice, reason):
    client = signed_in(operator)
    response = take_place(client, alice.user, reason)
    assert response.status_code == 400
    assert "Say why" in response.content.decode()
    assert client.get("/admin/").status_code == 200
    assert events("stand_in.started") == []


def test_staff_need_the_right_to_it(alice):
    helper = staff("helper@example.org")
    client = signed_in(helper)
    assert client.get(f"/admin/stand-in/{alice.user.pk}/").status_code == 403
    assert take_place(client, alice.user).status_code == 403
    helper.user_permissions.add(Permission.objects.get(codename="stand_in"))
    assert take_place(signed_in(helper), alice.user).status_code == 302


def test_no_place_of_staff_or_of_the_deactivated_can_be_taken(operator, alice):
    alice.user.is_active = False
    alice.user.save()
    others = [staff("a@example.org"), User.objects.create_superuser("b@example.org"), operator]
    client = signed_in(operator)
    for person in (*others, alice.user):
        assert client.get(f"/admin/stand-in/{person.pk}/").status_code == 403
        assert take_place(client, person).status_code == 403
    assert events("stand_in.started") == []


def test_form_of_one_person_does_not_take_anothers_place(operator, alice, charlie):
    response = signed_in(operator).post(
        f"/admin/stand-in/{alice.user.pk}/", {"user_pk": str(charlie.user.pk), "reason": "Swap."}
    )
    assert response.status_code == 403


def test_members_take_no_place(alice, bob):
    assert take_place(signed_in(alice.user), bob.user).status_code == 403
    assert signed_in(alice.user).post("/stand-in/end/").status_code == 403


def test_what_is_done_meanwhile_is_on_record_under_the_operators_name(operator, alice):
    client = signed_in(operator)
    take_place(client, alice.user)
    token = ApiToken.unscoped.get(created_by=alice.user)
    response = client.post("/organizations/new/", {"name": "Made for them", "kind": "public"})
    assert response.status_code == 302
    response = client.patch(
        f"/api/v1/members/{alice.membership.id}",
        {"role": "owner"},
        content_type="application/json",
    )
    collection = client.post(
        "/api/v1/collections", {"name": "Shared"}, content_type="application/json"
    )
    assert collection.status_code == 201
    deleted = client.delete(f"/api/v1/collections/{collection.json()['id']}")
    assert deleted.status_code == 204
    (event,) = events("collection.deleted")
    assert event.actor_id == operator.id
    assert event.actor_label == "operator@example.org as alice@example.org"
    assert not token.revoked_at


@pytest.mark.parametrize(
    "path",
    [
        "/accounts/password/change/",
        "/accounts/email/",
        "/accounts/2fa/",
        "/accounts/2fa/recovery-codes/",
        "/accounts/reauthenticate/",
    ],
)
def test_how_the_person_signs_in_is_neither_seen_nor_changed(operator, alice, path):
    client = signed_in(operator)
    take_place(client, alice.user)
    for response in (client.get(path), client.post(path, {"password": "x"})):
        assert response.status_code == 403
        assert "their keys and sign-in stay as they are" in response.content.decode()


def test_keys_are_seen_but_neither_made_nor_revoked(operator, alice):
    client = signed_in(operator)
    take_place(client, alice.user)
    token = ApiToken.unscoped.get(created_by=alice.user)
    assert client.get("/keys/").status_code == 200
    made = {"name": "Mine", "scopes": ["read"]}
    refused = [
        client.post("/keys/", made),
        client.post(f"/keys/{token.id}/revoke/"),
        client.post("/api/v1/tokens", made, content_type="application/json"),
        client.delete(f"/api/v1/tokens/{token.id}"),
        client.post("/profile/", {"name": "Someone"}),
    ]
    assert {response.status_code for response in refused} == {403}
    token.refresh_from_db()
    assert token.revoked_at is None
    assert ApiToken.unscoped.count() == 1


def test_signing_out_ends_it_as_well(operator, alice):
    client = signed_in(operator)
    take_place(client, alice.user)
    client.post("/accounts/logout/")
    (event,) = events("stand_in.ended")
    assert event.object_id == str(alice.user.id)
    assert client.get("/home/").status_code == 302


def test_operator_who_was_deactivated_meanwhile_does_not_come_back(operator, alice):
    client = signed_in(operator)
    take_place(client, alice.user)
    User.objects.filter(pk=operator.pk).update(is_active=False)
    client.post("/stand-in/end/")
    assert client.get("/admin/").status_code == 302
    assert len(events("stand_in.ended")) == 1


def test_dashboard_is_closed_while_in_anothers_place(operator, alice):
    client = signed_in(operator)
    take_place(client, alice.user)
    assert client.get("/admin/").status_code == 403
    assert take_place(client, alice.user).status_code == 403
