"""From nothing to an organization of one's own, and the language that goes along."""

import pytest
from django.core import mail
from django.test import Client

from altiplano.accounts.models import AuditEvent, Membership, Organization, User
from tests.factories.accounts import PASSWORD
from tests.integration.accounts.people import is_signed_in, link_in_last_mail, sign_in

pytestmark = pytest.mark.django_db

EMAIL = "dora@example.org"
FORM = {"email": EMAIL, "password1": PASSWORD, "password2": PASSWORD}
SCHOOL = {"name": "École des Marronniers 🌱", "kind": "public", "country": "FR"}


def test_person_signs_up_confirms_and_makes_an_organization(client):
    client.cookies["django_language"] = "fr"
    assert client.post("/accounts/signup/", FORM)["Location"] == "/accounts/confirm-email/"
    assert not is_signed_in(client)
    assert mail.outbox[0].subject == "Confirmez votre adresse e-mail"
    link = link_in_last_mail()
    assert EMAIL in client.get(link).content.decode()
    client.post(link)
    assert is_signed_in(client)
    assert client.get("/home/")["Location"] == "/organizations/new/"
    assert client.post("/organizations/new/", SCHOOL)["Location"] == "/home/"
    organization = Organization.objects.get()
    assert (organization.name, organization.country) == (SCHOOL["name"], "FR")
    assert Membership.unscoped.get().role == "owner"
    assert AuditEvent.objects.get().action == "organization.created"
    assert User.objects.get().language == "fr"


def test_organization_form_sent_twice_makes_one(dora, client):
    client.force_login(dora)
    for _ in range(2):
        assert client.post("/organizations/new/", SCHOOL).status_code == 302
    assert Organization.objects.count() == 1
    client.post("/organizations/new/", SCHOOL | {"name": "Another"})
    assert Organization.objects.count() == 2


def test_failed_organization_form_keeps_its_text(dora, client):
    client.force_login(dora)
    answer = client.post("/organizations/new/", SCHOOL | {"country": "F1"})
    assert answer.status_code == 400
    assert SCHOOL["name"] in answer.content.decode()
    assert not Organization.objects.exists()


@pytest.mark.parametrize("key", ["x", "MQ:1abc:def", "a" * 300])
def test_made_up_confirmation_says_how_to_go_on(client, key):
    for act in (client.get, client.post):
        answer = act(f"/accounts/confirm-email/{key}/")
        assert answer.status_code == 400
        assert "This link does not work" in answer.content.decode()


def test_confirmation_used_twice_is_harmless(client):
    client.post("/accounts/signup/", FORM)
    link = link_in_last_mail()
    client.post(link)
    assert client.post(link).status_code in {302, 400}
    assert is_signed_in(client)


def test_language_goes_from_browser_to_browser(dora):
    one, other = Client(), Client()
    sign_in(one, dora.email)
    one.post("/language/setlang/", {"language": "fr", "next": "/profile/"})
    assert one.cookies["django_language"].value == "fr"
    assert "Votre compte" in one.get("/profile/").content.decode()
    assert 'lang="en"' in other.get("/accounts/login/").content.decode()
    sign_in(other, dora.email)
    assert 'lang="fr"' in other.get("/profile/").content.decode()


def test_choice_in_a_browser_holds_there(dora):
    User.objects.update(language="fr")
    client = Client()
    client.cookies["django_language"] = "en"
    sign_in(client, dora.email)
    assert 'lang="en"' in client.get("/profile/").content.decode()


def test_nonsense_language_changes_nothing(dora, client):
    client.force_login(dora)
    client.post("/language/setlang/", {"language": "klingon", "next": "/profile/"})
    dora.refresh_from_db()
    assert (dora.language, "django_language" in client.cookies) == ("", False)
