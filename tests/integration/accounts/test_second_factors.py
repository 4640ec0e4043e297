"""Second factors: codes from a phone, recovery codes, and secrets that a stolen database does not tell."""

import json
import re
import time
from functools import partial

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from django.test import Client

from altiplano.accounts.domain.oversight import remove_second_factors
from altiplano.accounts.models import AuditEvent, User
from altiplano.kernel.errors import ConflictError, NotAllowedError
from tests.factories.accounts import PASSWORD
from tests.integration.accounts.people import is_signed_in, sign_in

pytestmark = pytest.mark.django_db

ACTIVATE = "/accounts/2fa/totp/activate/"


def code_for(secret: str, steps: int = 0) -> str:
    return format_hotp_value(hotp_value(secret, int(time.time()) // 30 + steps))


@pytest.fixture
def client(dora) -> Client:
    """Signed in, and has just proved it once more."""
    client = Client()
    sign_in(client, dora.email)
    proof = client.get(ACTIVATE)["Location"]
    client.post(proof, {"password": PASSWORD})
    return client


@pytest.fixture
def secret(client) -> str:
    """Of the codes that are switched on."""
    page = client.get(ACTIVATE).content.decode()
    found = re.search(r"<code>([A-Z2-7]+)</code>", page)
    assert found
    assert client.post(ACTIVATE, {"code": code_for(found[1])}).status_code == 302
    return found[1]


def test_picture_of_the_secret_is_an_svg_without_a_script(client):
    page = client.get(ACTIVATE).content.decode()
    assert 'src="data:image/svg+xml;' in page
    assert "<script>" not in page


def test_wrong_code_switches_nothing_on(client):
    answer = client.post(ACTIVATE, {"code": "000000"})
    assert "Incorrect code" in answer.content.decode()
    assert not Authenticator.objects.exists()


def test_password_alone_no_longer_opens(secret, dora):
    other = Client()
    assert sign_in(other, dora.email)["Location"] == "/accounts/2fa/authenticate/"
    assert not is_signed_in(other)
    other.post("/accounts/2fa/authenticate/", {"code": "123456"})
    assert not is_signed_in(other)
    other.post("/accounts/2fa/authenticate/", {"code": code_for(secret, 1)})
    assert is_signed_in(other)


def test_recovery_code_opens_once(secret, client, dora):
    page = client.get("/accounts/2fa/recovery-codes/").content.decode()
    codes = re.findall(r"<code>(\d+)</code>", page)
    assert len(codes) == len(set(codes)) == 10
    for expected in (True, False):
        other = Client()
        sign_in(other, dora.email)
        other.post("/accounts/2fa/authenticate/", {"code": codes[0]})
        assert is_signed_in(other) is expected


def test_stored_secrets_are_sealed(secret):
    stored = repr(list(Authenticator.objects.values_list("data", flat=True)))
    assert secret not in stored
    assert "gAAAA" in stored


def test_changed_secret_key_is_said_and_lets_nobody_in(secret, dora, settings):
    settings.SECRET_KEY = "another key that was never used to seal anything here"
    other = Client()
    sign_in(other, dora.email)
    answer = other.post("/accounts/2fa/authenticate/", {"code": "000000"})
    assert answer.status_code == 409
    assert "can no longer be read" in answer.content.decode()
    assert not is_signed_in(other)


def test_factor_is_switched_off_with_its_recovery_codes(secret, client, dora):
    assert client.post("/accounts/2fa/totp/deactivate/").status_code == 302
    assert not Authenticator.objects.exists()
    other = Client()
    sign_in(other, dora.email)
    assert is_signed_in(other)


def test_factors_are_changed_only_by_who_proves_it_again(dora):
    stale = Client()
    sign_in(stale, dora.email)
    for path in (ACTIVATE, "/accounts/2fa/webauthn/add/", "/accounts/2fa/recovery-codes/generate/"):
        answer = stale.get(path)
        assert answer.status_code == 302, path
        assert "/reauthenticate/" in answer["Location"] or answer["Location"] == "/accounts/2fa/"


def test_nonsense_keys_are_refused(client):
    garbage = {"id": "eA", "rawId": "eA", "type": "public-key"}
    lies = [
        garbage | {"response": response}
        for response in (
            {},
            {"clientDataJSON": "e30", "attestationObject": "AAAA"},
            {"clientDataJSON": "%%%", "attestationObject": "o2Nm"},
            {"clientDataJSON": "e30", "authenticatorData": "eA", "signature": "eA"},
        )
    ]
    for credential in ("", "null", "[]", "{}", '{"id": "x"}', "{{7*7}}", *map(json.dumps, lies)):
        answer = client.post("/accounts/2fa/webauthn/add/", {"name": "x", "credential": credential})
        assert answer.status_code < 500
        answer = Client().post("/accounts/2fa/webauthn/login/", {"credential": credential})
        assert answer.status_code < 500
    assert not Authenticator.objects.exists()


def test_staff_remove_the_factors_of_who_lost_them(secret, client, dora, alice):
    act = partial(remove_second_factors, actor=alice.user, person=dora, reason="lost the phone")
    act()
    assert not is_signed_in(client)
    other = Client()
    sign_in(other, dora.email)
    assert is_signed_in(other)
    event = AuditEvent.objects.latest("id")
    assert (event.action, event.data["reason"]) == (
        "person.second_factors_removed",
        "lost the phone",
    )
    with pytest.raises(ConflictError):
        act()
    User.objects.filter(id=dora.id).update(is_superuser=True)
    dora.refresh_from_db()
    with pytest.raises(NotAllowedError):
        act()
