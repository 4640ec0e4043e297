"""Signing in through the organization's own provider: known by a verified address, or not at all."""

import html
import re
from urllib.parse import urlsplit

import pytest
import requests
from cryptography.hazmat.primitives.asymmetric import rsa
from django.core import mail

from altiplano.accounts.domain.invitations import invite_colleague
from altiplano.accounts.models import Membership, User
from tests.fakes.oidc import CLIENT_ID, CLIENT_SECRET, run_provider
from tests.integration.accounts.people import is_signed_in, person, sign_in

pytestmark = pytest.mark.django_db

LOGIN = "/accounts/oidc/oidc/login/?process=login"
DORA = {"sub": "d-1", "email": "Dora@example.org", "email_verified": True, "name": "Dora D."}


@pytest.fixture
def provider(settings):
    with run_provider() as running:
        settings.SOCIALACCOUNT_PROVIDERS = {
            "openid_connect": {
                "APPS": [
                    {
                        "provider_id": "oidc",
                        "name": "School sign-in",
                        "client_id": CLIENT_ID,
                        "secret": CLIENT_SECRET,
                        "settings": {"server_url": running.url},
                    }
                ],
                "OAUTH_PKCE_ENABLED": True,
            }
        }
        running.person = dict(DORA)
        yield running


def go_through(client, login=LOGIN):
    """As a browser does: the button, the provider, and back."""
    leaving = client.post(login)
    assert leaving.status_code == 200
    address = leaving["Refresh"].partition("url=")[2]
    answer = requests.get(address, allow_redirects=False, timeout=5)
    back = urlsplit(answer.headers["Location"])
    return client.get(f"{back.path}?{back.query}")


def test_sign_in_page_offers_the_provider(provider, client):
    page = client.get("/accounts/login/").content.decode()
    assert "Sign in with School sign-in" in page


def test_sign_in_page_offers_nothing_that_is_not_configured(client):
    assert "oidc" not in client.get("/accounts/login/").content.decode()
    assert client.post(LOGIN).status_code == 404


def test_form_ends_on_our_own_page(provider, client):
    """A redirect would be stopped by the content security policy, which lets no form leave."""
    leaving = client.post(LOGIN)
    assert "form-action 'self'" in leaving["Content-Security-Policy"]
    assert f'href="{provider.url}/authorize' in leaving.content.decode()


def test_stranger_with_a_verified_address_gets_an_account(provider, client):
    assert go_through(client)["Location"] == "/home/"
    user = User.objects.get()
    assert (user.email, user.name) == ("dora@example.org", "Dora D.")
    assert not user.has_usable_password()
    assert is_signed_in(client)
    assert "/keys" in provider.seen


def test_second_time_it_is_the_same_account_whatever_the_address(provider, client):
    go_through(client)
    client.logout()
    provider.person |= {"email": "new@example.org", "email_verified": False}
    go_through(client)
    assert is_signed_in(client)
    assert User.objects.get().email == "dora@example.org"


def test_account_with_the_same_verified_address_is_linked(provider, client, dora):
    go_through(client)
    assert User.objects.get() == dora
    assert is_signed_in(client)
    assert any("dora@example.org" in sent.to for sent in mail.outbox)
    client.logout()
    sign_in(client, dora.email)
    assert is_signed_in(client)


def test_account_that_someone_made_with_my_address_does_not_stay_theirs(provider, client):
    """Who signed up with an address that was not theirs knows its password until then."""
    waiting = person("dora@example.org", is_verified=False)
    go_through(client)
    waiting.refresh_from_db()
    assert not waiting.has_usable_password()


@pytest.mark.parametrize("word", [False, None, "false", "true", 0, 1])
@pytest.mark.parametrize("has_account", [True, False])
def test_unverified_address_is_refused_with_a_sentence(provider, client, word, has_account):
    if has_account:
        person("dora@example.org")
    before = list(User.objects.values())
    provider.person["email_verified"] = word
    answer = go_through(client)
    assert answer.status_code == 403
    assert "does not say that your e-mail address is verified" in answer.content.decode()
    assert list(User.objects.values()) == before
    assert not is_signed_in(client)


def test_missing_address_is_refused(provider, client):
    provider.person = {"sub": "d-1"}
    assert go_through(client).status_code == 403
    assert not User.objects.exists()


@pytest.mark.parametrize(
    "claims",
    [
        {"aud": "another"},
        {"iss": "https://evil.example"},
        {"exp": 1},
        {"sub": "somebody-else"},
        {"sub": ""},
    ],
    ids=str,
)
def test_token_that_is_not_for_us_is_refused(provider, client, claims):
    provider.claims = claims
    answer = go_through(client)
    assert "Signing in did not work" in answer.content.decode()
    assert answer.status_code == 401
    assert not User.objects.exists()


def test_token_signed_by_another_key_is_refused(provider, client):
    provider.signing_key = rsa.generate_private_key(65537, 2048)
    assert go_through(client).status_code == 401
    assert not User.objects.exists()


def test_word_about_another_person_is_refused(provider, client, dora):
    provider.person = {"sub": "eve", "email": "eve@example.org", "email_verified": True}
    provider.userinfo = {"sub": "d-1", "email": dora.email}
    assert go_through(client).status_code == 401
    assert not is_signed_in(client)


def test_answer_that_nobody_asked_for_is_refused(provider, client):
    answer = client.get("/accounts/oidc/oidc/login/callback/?code=x&state=y")
    assert answer.status_code == 401
    assert not is_signed_in(client)


def test_going_back_is_no_error(provider, client):
    provider.is_denying = True
    assert go_through(client)["Location"] == "/accounts/3rdparty/login/cancelled/"
    page = client.get("/accounts/3rdparty/login/cancelled/")
    assert "You did not sign in" in page.content.decode()


def test_silent_provider_is_said(provider, client):
    provider.is_broken = True
    answer = client.post(LOGIN)
    assert answer.status_code == 503
    assert "Signing in did not work" in answer.content.decode()


def test_address_alone_asks_first(provider, client):
    """A link elsewhere must not sign anybody in."""
    answer = client.get(LOGIN)
    assert answer.status_code == 200
    assert provider.seen == []


def test_invited_person_comes_back_to_the_invitation(provider, client, alice):
    issued = invite_colleague(
        principal=alice.principal, email="dora@example.org", role="viewer", language="en"
    )
    link = f"/join/{issued.token}/"
    client.get(link)
    page = client.get("/accounts/login/", {"next": link}).content.decode()
    (action,) = re.findall(r'action="(/accounts/oidc/[^"]+)"', page)
    assert go_through(client, html.unescape(action))["Location"] == link
    assert client.post(link)["Location"] == "/home/"
    assert Membership.unscoped.get(user__email="dora@example.org").role == "viewer"
