"""What people decide about their own account."""

import pytest
from allauth.usersessions.models import UserSession
from django.core import mail
from django.test import Client, RequestFactory

from altiplano.accounts.models import AuditEvent, Membership, Organization, Role, User
from tests.factories.accounts import PASSWORD, MembershipFactory, OrganizationFactory
from tests.integration.accounts.people import is_signed_in, link_in_last_mail, sign_in

pytestmark = pytest.mark.django_db

LONG_NAME = "ن" * 199 + "🌱"


@pytest.fixture
def here(dora) -> Client:
    client = Client(headers={"user-agent": "Mozilla/5.0 (Windows NT 10.0) Firefox/140.0"})
    sign_in(client, dora.email)
    return client


@pytest.mark.parametrize("name", ["Dora", LONG_NAME, "<script>alert(1)</script>", "{{7*7}}", ""])
def test_name_is_kept_and_shown_as_text(here, dora, name):
    answer = here.post("/profile/", {"name": name, "language": "en"}, follow=True)
    dora.refresh_from_db()
    assert dora.name == name
    assert "<script>alert" not in answer.content.decode()
    assert "Saved." in answer.content.decode()


def test_too_long_name_is_given_back(here, dora):
    answer = here.post("/profile/", {"name": "x" * 201, "language": "en"})
    assert answer.status_code == 400
    assert "x" * 201 in answer.content.decode()


def test_language_is_said_in_itself(here):
    page = here.post("/profile/", {"name": "", "language": "fr"}, follow=True).content.decode()
    assert "Enregistré." in page
    assert 'lang="fr"' in page


def test_address_changes_once_the_new_one_is_confirmed(here, dora):
    new = {"email": "dora@school.example", "action_add": "1"}
    proof = here.post("/accounts/email/", new)["Location"]
    assert mail.outbox == []
    here.post(proof, {"password": PASSWORD})
    dora.refresh_from_db()
    assert dora.email == "dora@example.org"
    assert "To be confirmed" in here.get("/accounts/email/").content.decode()
    mail.outbox = [sent for sent in mail.outbox if sent.to == ["dora@school.example"]]
    here.post(link_in_last_mail())
    dora.refresh_from_db()
    assert dora.email == "dora@school.example"


def test_password_change_signs_out_the_others(here, dora):
    other = Client()
    sign_in(other, dora.email)
    form = {
        "oldpassword": PASSWORD,
        "password1": "another long one",
        "password2": "another long one",
    }
    assert here.post("/accounts/password/change/", form).status_code == 302
    assert is_signed_in(here)
    assert not is_signed_in(other)


def test_other_browsers_are_listed_and_signed_out(here, dora):
    other = Client(headers={"user-agent": "Mozilla/5.0 (Linux; Android 15) Chrome/150.0"})
    sign_in(other, dora.email)
    page = here.get("/accounts/sessions/").content.decode()
    assert "Firefox, Windows" in page
    assert "Chrome, Android" in page
    here.post("/accounts/sessions/")
    assert is_signed_in(here)
    assert not is_signed_in(other)


def test_browsers_are_listed_in_constant_queries(
    here, dora, django_assert_num_queries, django_assert_max_num_queries
):
    with django_assert_max_num_queries(15) as few:
        here.get("/accounts/sessions/")
    for number in range(6):
        client = Client(headers={"user-agent": f"Browser {number}"})
        client.force_login(dora)
        request = RequestFactory().get("/")
        request.user, request.session = dora, client.session
        UserSession.objects.create_from_request(request)
    with django_assert_num_queries(len(few)):
        page = here.get("/accounts/sessions/")
    assert len(page.context["sessions"]) == 7


def test_browser_of_before_the_password_changed_is_not_listed(here, dora):
    other = Client()
    sign_in(other, dora.email)
    form = {
        "oldpassword": PASSWORD,
        "password1": "another long one",
        "password2": "another long one",
    }
    here.post("/accounts/password/change/", form)
    assert len(here.get("/accounts/sessions/").context["sessions"]) == 1


def test_account_is_deleted_with_what_is_the_persons_own(here, dora, alice):
    MembershipFactory(user=dora, organization=alice.organization, role=Role.VIEWER)
    answer = here.post("/profile/delete/", {"email": dora.email}, follow=True)
    assert "Your account is deleted." in answer.content.decode()
    assert not User.objects.filter(email="dora@example.org").exists()
    assert Membership.unscoped.filter(organization=alice.organization).count() == 1
    actions = set(AuditEvent.objects.values_list("action", "actor_label"))
    assert ("person.deleted", "dora@example.org") in actions
    assert ("member.removed", "dora@example.org") in actions
    assert not is_signed_in(here)


def test_wrong_address_deletes_nothing(here, dora):
    answer = here.post("/profile/delete/", {"email": "eve@example.org"})
    assert answer.status_code == 400
    assert User.objects.filter(id=dora.id).exists()


def test_only_owner_is_told_what_stands_in_the_way(here, dora):
    first = OrganizationFactory(name="Left alone")
    shared = OrganizationFactory(name="Shared")
    MembershipFactory(user=dora, organization=first)
    MembershipFactory(user=dora, organization=shared)
    MembershipFactory(organization=shared)
    page = here.get("/profile/delete/").content.decode()
    assert "Left alone" in page.split("<main")[1]
    assert "Shared" not in page.split("<main")[1]
    answer = here.post("/profile/delete/", {"email": dora.email})
    assert answer.status_code == 409
    assert Membership.unscoped.filter(user=dora).count() == 2
    Organization.objects.filter(id=first.id).delete()
    assert here.post("/profile/delete/", {"email": dora.email}).status_code == 302
