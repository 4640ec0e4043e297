"""C05: a password is reset by a fresh link of one's own and by nothing else, and nobody learns from
it who has an account.
"""

import pytest
from django.core import mail
from django.core.cache import cache
from django.test import Client

from tests.factories.accounts import PASSWORD
from tests.integration.accounts.people import is_signed_in, link_in_last_mail, person, sign_in

pytestmark = pytest.mark.django_db

NEW = "another long password"
FORM = {"password1": NEW, "password2": NEW}


def ask(client: Client, email: object):
    return client.post("/accounts/password/reset/", {"email": email})


def open_link(client: Client, link: str) -> str:
    """The address to which the link leads, which no longer holds its key."""
    answer = client.get(link)
    assert answer.status_code == 302, answer.content
    return answer["Location"]


def hash_of(user) -> str:
    user.refresh_from_db()
    return user.password


def test_link_sets_a_new_password_and_signs_out_everywhere(dora):
    here, elsewhere = Client(), Client()
    sign_in(elsewhere, dora.email)
    assert is_signed_in(elsewhere)
    ask(here, dora.email)
    answer = here.post(open_link(here, link_in_last_mail()), FORM, follow=True)
    assert "Your password is changed" in answer.content.decode()
    assert not is_signed_in(elsewhere)
    assert sign_in(here, dora.email).status_code == 200
    assert not is_signed_in(here)
    sign_in(here, dora.email, NEW)
    assert is_signed_in(here)


def test_used_link_is_dead(dora):
    client = Client()
    ask(client, dora.email)
    link = link_in_last_mail()
    form_page = open_link(client, link)
    client.post(form_page, FORM)
    after = hash_of(dora)
    third = {"password1": "a third long password", "password2": "a third long password"}
    for address in (link, form_page):
        assert Client().get(address).status_code == 400
        assert client.post(address, third).status_code == 400
    assert hash_of(dora) == after


def test_expired_link_is_dead(dora, settings):
    client = Client()
    ask(client, dora.email)
    form_page = open_link(client, link_in_last_mail())
    before = hash_of(dora)
    settings.PASSWORD_RESET_TIMEOUT = -1
    answer = client.post(form_page, FORM)
    assert answer.status_code == 400
    assert "Your password is as it was." in answer.content.decode()
    assert hash_of(dora) == before


@pytest.mark.parametrize(
    "key", ["null", "None", "undefined", "0", "[]", "x", "set-password", "%20", "a-b", "é", "'"]
)
def test_made_up_link_is_dead(dora, key):
    """Also for a person who never asked for a link."""
    uid = dora.pk.hex
    before = hash_of(dora)
    for who in (uid, "0", "null", "zzzzzz"):
        for act in (Client().get, lambda path: Client().post(path, FORM)):
            answer = act(f"/accounts/password/reset/key/{who}-{key}/")
            assert answer.status_code == 400, (who, key)
    assert hash_of(dora) == before


def test_link_without_a_key_is_no_page():
    for path in ("/accounts/password/reset/key/", "/accounts/password/reset/key/-/"):
        assert Client().post(path, FORM).status_code == 404


def test_key_of_another_person_is_dead(dora):
    eve = person("eve@example.org")
    client = Client()
    ask(client, eve.email)
    before = hash_of(dora)
    stolen = link_in_last_mail().replace(eve.pk.hex, dora.pk.hex)
    uid, _, key = link_in_last_mail().rpartition("/key/")[2].partition("-")
    assert client.get(f"/accounts/password/reset/key/{dora.pk.hex}-{key}").status_code == 400
    assert client.get(stolen.replace(uid, dora.pk.hex)).status_code == 400
    open_link(client, link_in_last_mail())
    path = f"/accounts/password/reset/key/{dora.pk.hex}-set-password/"
    assert client.post(path, FORM).status_code == 400
    assert hash_of(dora) == before


@pytest.mark.parametrize("email", ["", "nobody", "a" * 400, "['dora@example.org']", "a\x00b@c.de"])
def test_nonsense_address_is_asked_for_again(dora, email):
    answer = ask(Client(), email)
    assert answer.status_code in {200, 400}
    assert mail.outbox == []


def test_several_addresses_count_as_the_last_one(dora):
    ask(Client(), ["eve@evil.example", dora.email])
    assert [sent.to for sent in mail.outbox] == [[dora.email]]


def test_nobody_learns_who_has_an_account(dora, django_assert_num_queries):
    """The same answer, a mail in both cases, and about the same work."""
    known, unknown = ask(Client(), dora.email), ask(Client(), "nobody@example.org")
    assert (known.status_code, known["Location"]) == (unknown.status_code, unknown["Location"])
    assert [sent.to for sent in mail.outbox] == [[dora.email], ["nobody@example.org"]]
    wrong = sign_in(Client(), dora.email, "wrong password")
    nobody = sign_in(Client(), "nobody@example.org", "wrong password")
    assert wrong.status_code == nobody.status_code
    signs = [
        Client().post(
            "/accounts/signup/", {"email": email, "password1": PASSWORD, "password2": PASSWORD}
        )
        for email in (dora.email, "new@example.org")
    ]
    assert len({(answer.status_code, answer["Location"]) for answer in signs}) == 1


def test_link_leads_to_the_platform_itself(dora):
    answer = Client().post(
        "/accounts/password/reset/", {"email": dora.email}, headers={"host": "evil.example"}
    )
    assert answer.status_code == 400
    assert mail.outbox == []


def test_asking_without_end_is_stopped(dora):
    answers = [ask(Client(), dora.email).status_code for _ in range(8)]
    assert answers[:5] == [302] * 5
    assert answers[-1] == 429
    assert len(mail.outbox) == 5


def test_guessing_passwords_is_stopped(dora):
    for number in range(8):
        sign_in(Client(), dora.email, f"wrong password {number}")
    blocked = Client()
    sign_in(blocked, dora.email)
    assert not is_signed_in(blocked)
    cache.clear()
    sign_in(blocked, dora.email)
    assert is_signed_in(blocked)
