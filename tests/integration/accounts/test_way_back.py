"""Who has to sign in first goes on where they were."""

from urllib.parse import parse_qs, urlsplit

import pytest
from django.test import Client

pytestmark = pytest.mark.django_db


def next_of(response) -> str:
    address = urlsplit(response["Location"])
    assert (response.status_code, address.path) == (302, "/accounts/login/")
    return parse_qs(address.query)["next"][0]


def test_page_that_was_asked_for_comes_next():
    response = Client().get("/apps/?q=1", headers={"Referer": "http://testserver/home/"})
    assert next_of(response) == "/apps/?q=1"


@pytest.mark.parametrize(
    ("page", "expected"),
    [
        ("http://testserver/apps/1/share/?a=b", "/apps/1/share/?a=b"),
        ("http://testserver", "/"),
        ("http://evil.example/apps/", "/apps/1/share/look/"),
        ("http://testserver//evil.example/", "/apps/1/share/look/"),
        ("", "/apps/1/share/look/"),
    ],
)
def test_after_a_form_that_was_sent_too_late_its_own_page_comes_next(page, expected):
    response = Client().post("/apps/1/share/look/", {"title": "x"}, headers={"Referer": page})
    assert next_of(response) == expected


def test_sign_in_says_that_the_way_goes_on():
    sentence = "After that you are back on the page you wanted to open."
    assert sentence in Client().get("/apps/", follow=True).content.decode()
    assert sentence not in Client().get("/accounts/login/").content.decode()
