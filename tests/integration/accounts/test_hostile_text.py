"""C20, C24, C43: names are text wherever they are shown, and only our own pages change anything."""

import pytest
from allauth.account.models import EmailAddress
from django.core import mail
from django.test import Client

from altiplano.accounts.domain.invitations import invite_colleague
from altiplano.accounts.domain.tokens import issue_token
from altiplano.accounts.models import Invitation, Membership, Organization, User
from tests.integration.accounts.people import is_signed_in, person, sign_in

pytestmark = pytest.mark.django_db

PAYLOADS = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "' onmouseover='alert(1)",
    "</title><svg/onload=alert(1)>",
    "javascript:alert(1)",
    "{{7|add:42424242}}{% include 'web/base.html' %}",
    "%(who)s %s {0.__class__} ${7*7} {x:>999999999}",
    "\u202egnp.exe",
    "عربية نص طويل " * 12,
]
MARKUP = ("<script>alert", "<img src=x", "onmouseover='", "<svg/onload")
PAGES = (
    "/members/",
    "/organization/",
    "/organization/delete/",
    "/organization/history/",
    "/keys/",
    "/profile/",
    "/profile/delete/",
    "/home/",
)


@pytest.fixture
def owner(alice) -> Client:
    client = Client()
    client.force_login(alice.user)
    return client


@pytest.mark.parametrize("payload", PAYLOADS, ids=lambda text: text[:12])
def test_names_are_text_on_every_page(owner, alice, payload):
    User.objects.filter(id=alice.user.id).update(name=payload)
    Organization.objects.filter(id=alice.organization.id).update(name=payload)
    issue_token(principal=alice.principal, name=payload[:90], scopes=["read"])
    issued = invite_colleague(
        principal=alice.principal, email="dora@example.org", role="viewer", language="en"
    )
    for path in (*PAGES, f"/members/{alice.membership.id}/remove/", f"/join/{issued.token}/"):
        client = Client() if path.startswith("/join/") else owner
        answer = client.get(path)
        page = answer.content.decode()
        assert answer.status_code == 200, path
        assert not any(mark in page for mark in MARKUP), path
        assert "42424249" not in page, f"{path} carried out a template"


@pytest.mark.parametrize("payload", PAYLOADS, ids=lambda text: text[:12])
def test_names_are_text_in_mails(owner, alice, payload):
    Organization.objects.filter(id=alice.organization.id).update(name=payload)
    owner.post("/members/", {"email": "dora@example.org", "role": "viewer"})
    (sent,) = mail.outbox
    assert " ".join(payload.split()) in sent.subject
    assert sent.to == ["dora@example.org"]


@pytest.mark.parametrize("field", ["name", "email"])
def test_lines_in_a_name_add_no_header(owner, alice, field):
    owner.post("/organization/", {"name": "A\r\nBcc: eve@example.org", "kind": "public"})
    owner.post("/members/", {"email": "dora@example.org\r\nBcc: e@example.org", "role": "viewer"})
    assert mail.outbox == []
    owner.post("/members/", {"email": "dora@example.org", "role": "viewer"})
    assert "\n" not in mail.outbox[0].subject
    assert mail.outbox[0].recipients() == ["dora@example.org"]


@pytest.mark.parametrize(
    "origin", ["null", "https://evil.example", "http://testserver.evil.example"]
)
def test_other_sites_change_nothing(alice, origin):
    client = Client(enforce_csrf_checks=True)
    client.force_login(alice.user)
    client.get("/profile/")
    token = client.cookies["csrftoken"].value
    form = {"name": "Mallory", "language": "en", "csrfmiddlewaretoken": token}
    answer = client.post("/profile/", form, headers={"origin": origin})
    assert answer.status_code == 403
    assert "Access-Control-Allow-Origin" not in answer
    alice.user.refresh_from_db()
    assert alice.user.name == "Alice"


def test_form_of_another_kind_or_method_changes_nothing(alice, bob):
    client = Client(enforce_csrf_checks=True)
    client.force_login(alice.user)
    target = f"/members/{bob.membership.id}/role/"
    client.post(target, "role=viewer", content_type="text/plain")
    client.get(target, {"role": "viewer", "_method": "POST"})
    client.get(target, {"role": "viewer"}, headers={"x-http-method-override": "POST"})
    client.get("/accounts/logout/")
    client.get("/organization/delete/", {"name": alice.organization.name})
    assert Membership.unscoped.get(user=bob.user).role == "builder"
    assert Organization.objects.filter(id=alice.organization.id).exists()
    assert client.get("/profile/").status_code == 200


@pytest.mark.parametrize(
    "next_url",
    ["https://evil.example/", "//evil.example", "/\\evil.example", "javascript:alert(1)"],
)
def test_signing_in_and_language_lead_only_to_our_own_pages(dora, next_url):
    client = Client()
    form = {"login": dora.email, "password": "a long enough password", "next": next_url}
    assert client.post("/accounts/login/", form)["Location"] == "/home/"
    answer = client.post("/language/setlang/", {"language": "fr", "next": next_url})
    assert answer["Location"] == "/"


def test_fields_that_are_not_asked_for_are_ignored(dora):
    """C03: rights and ids are never taken from a form."""
    client = Client()
    sign_in(client, dora.email)
    extra = {"is_staff": "on", "is_superuser": "on", "id": "0", "email": "root@example.org"}
    client.post("/profile/", {"name": "Dora", "language": "en"} | extra)
    client.post("/organizations/new/", {"name": "Mine", "kind": "public", "slug": "x"} | extra)
    dora.refresh_from_db()
    assert (dora.is_staff, dora.is_superuser, dora.email) == (False, False, "dora@example.org")
    assert Organization.objects.get().slug == "mine"
    sign_up = {"email": "new@example.org", "password1": "a long enough one"}
    Client().post("/accounts/signup/", sign_up | {"password2": "a long enough one"} | extra)
    assert not User.objects.filter(is_staff=True).exists()


def test_switched_off_account_does_not_get_in(dora):
    User.objects.filter(id=dora.id).update(is_active=False)
    client = Client()
    assert sign_in(client, dora.email)["Location"] == "/accounts/inactive/"
    assert not is_signed_in(client)


def test_invitation_of_a_suspended_organization_opens_nothing(alice):
    issued = invite_colleague(
        principal=alice.principal, email="dora@example.org", role="owner", language="en"
    )
    Organization.objects.update(is_suspended=True)
    client = Client()
    client.force_login(person("dora@example.org"))
    assert client.post(f"/join/{issued.token}/").status_code == 409
    assert Invitation.unscoped.get().accepted_at is None
    assert EmailAddress.objects.filter(email="dora@example.org").count() == 1
