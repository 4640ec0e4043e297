"""What operators do to people, organizations and keys: asked, confirmed, done by the domain, audited."""

import pytest
from django.contrib.auth.models import Permission
from django.test import Client

from altiplano.accounts.interfaces.admin_operations import MOST_AT_ONCE
from altiplano.accounts.models import ApiToken, AuditEvent, Organization, User
from altiplano.kernel.models import OrganizationLimits
from tests.factories.accounts import OrganizationFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def boss(db) -> User:
    return User.objects.create_superuser("operator@example.org")


@pytest.fixture
def operator(boss) -> Client:
    client = Client()
    client.force_login(boss)
    return client


def operate(client: Client, page: str, name: str, row, **more: str) -> str:
    response = client.post(
        f"/admin/{page}/",
        {"action": name, "_selected_action": str(row.pk), "confirmed": name, **more},
        follow=True,
    )
    return response.content.decode()


def test_suspended_organization_lets_nobody_in_and_everybody_again(operator, alice):
    organization = alice.organization
    said = operate(operator, "accounts/organization", "suspend", organization, reason="Abuse.")
    assert "Done for 1 row." in said
    assert alice.api.get("/api/v1/me").status_code == 403
    operate(operator, "accounts/organization", "unsuspend", organization)
    assert alice.api.get("/api/v1/me").status_code == 200
    actions = AuditEvent.objects.filter(object_type="organization").order_by("id")
    assert [each.action for each in actions][-2:] == [
        "organization.suspended",
        "organization.unsuspended",
    ]
    assert actions.get(action="organization.suspended").data["reason"] == "Abuse."


def test_operation_without_the_reason_it_asks_for_is_not_carried_out(operator, alice):
    said = operate(operator, "accounts/organization", "suspend", alice.organization, reason="  ")
    assert "Say why you do this." in said
    assert not Organization.objects.get(pk=alice.organization.pk).is_suspended


def test_deactivated_person_is_signed_out_everywhere_and_their_key_stops(operator, alice, bob):
    browser, other = alice.browser, bob.browser
    assert browser.get("/home/").status_code == 200
    operate(operator, "accounts/user", "deactivate", alice.user, reason="Left.")
    assert browser.get("/home/").status_code == 302
    assert alice.api.get("/api/v1/me").status_code == 401
    assert other.get("/home/").status_code == 200
    operate(operator, "accounts/user", "reactivate", alice.user)
    assert alice.api.get("/api/v1/me").status_code == 200


def test_operators_deactivate_neither_themselves_nor_superusers(operator, boss):
    other = User.objects.create_superuser("other@example.org")
    for person in (boss, other):
        operate(operator, "accounts/user", "deactivate", person, reason="Why not.")
        person.refresh_from_db()
        assert person.is_active
    assert not AuditEvent.objects.filter(action="person.deactivated").exists()


def test_revoked_key_stops_at_once_and_is_not_revoked_twice(operator, alice):
    token = ApiToken.unscoped.get(created_by=alice.user)
    operate(operator, "accounts/apitoken", "revoke", token, reason="It was published.")
    assert alice.api.get("/api/v1/me").status_code == 401
    again = operate(operator, "accounts/apitoken", "revoke", token, reason="Once more.")
    assert "This API key was revoked before." in again
    assert AuditEvent.objects.filter(action="token.revoked").count() == 1


def test_page_offers_what_suits_its_row(operator, alice):
    path = f"/admin/accounts/organization/{alice.organization.pk}/change/"
    before = operator.get(path).content.decode()
    assert 'value="suspend"' in before
    assert 'value="unsuspend"' not in before
    Organization.objects.update(is_suspended=True)
    after = operator.get(path).content.decode()
    assert 'value="unsuspend"' in after
    assert 'value="suspend"' not in after


def test_staff_who_may_only_look_are_offered_and_allowed_nothing(alice):
    helper = User.objects.create_user("helper@example.org", is_staff=True)
    helper.user_permissions.add(Permission.objects.get(codename="view_organization"))
    client = Client()
    client.force_login(helper)
    path = f"/admin/accounts/organization/{alice.organization.pk}/change/"
    assert 'value="suspend"' not in client.get(path).content.decode()
    operate(client, "accounts/organization", "suspend", alice.organization, reason="Power.")
    assert not Organization.objects.get(pk=alice.organization.pk).is_suspended


def test_confirmation_names_what_it_is_about_as_text(operator):
    organization = OrganizationFactory(name="<b>Blue</b> مدرسة 🌱")
    asked = operator.post(
        "/admin/accounts/organization/",
        {"action": "suspend", "_selected_action": str(organization.pk)},
    ).content.decode()
    assert "&lt;b&gt;Blue&lt;/b&gt; مدرسة 🌱" in asked
    assert "<b>Blue" not in asked


def test_too_many_rows_at_once_are_refused(operator):
    rows = [OrganizationFactory() for _ in range(MOST_AT_ONCE + 1)]
    data = {"action": "suspend", "confirmed": "suspend", "reason": "All of them."}
    chosen = [str(row.pk) for row in rows]
    response = operator.post(
        "/admin/accounts/organization/", {**data, "_selected_action": chosen}, follow=True
    )
    assert f"At most {MOST_AT_ONCE} at once." in response.content.decode()
    assert not Organization.objects.filter(is_suspended=True).exists()


def test_limits_are_set_changed_and_taken_away_on_record(operator, alice):
    form = {"organization": str(alice.organization.pk), "runs_per_day": "5", "allows_api": "on"}
    assert operator.post("/admin/kernel/organizationlimits/add/", form).status_code == 302
    limits = OrganizationLimits.objects.get()
    assert (limits.runs_per_day, limits.storage_bytes, limits.allows_public_apps) == (
        5,
        None,
        False,
    )
    path = f"/admin/kernel/organizationlimits/{limits.pk}"
    assert operator.post(f"{path}/change/", {**form, "streams": "0"}).status_code == 200
    assert operator.post(f"{path}/change/", {**form, "streams": "2"}).status_code == 302
    assert operator.post(f"{path}/delete/", {"post": "yes"}).status_code == 302
    assert not OrganizationLimits.objects.exists()
    actions = AuditEvent.objects.filter(object_type="organizationlimits").order_by("id")
    assert [each.action.partition(".")[2] for each in actions] == ["added", "changed", "deleted"]
    assert {each.organization_id for each in actions} == {alice.organization.id}
    assert {each.actor_label for each in actions} == {"operator@example.org"}
