"""People with accounts, and what they do first."""

import re

from allauth.account.models import EmailAddress
from django.core import mail
from django.http import HttpResponse
from django.test import Client

from altiplano.accounts.models import User
from tests.factories.accounts import PASSWORD, UserFactory


def person(email: str, *, is_verified: bool = True) -> User:
    """Someone who belongs to no organization."""
    user = UserFactory(email=email)
    EmailAddress.objects.create(user=user, email=email, verified=is_verified, primary=True)
    return user


def sign_in(client: Client, email: str, password: str = PASSWORD) -> HttpResponse:
    return client.post("/accounts/login/", {"login": email, "password": password})


def is_signed_in(client: Client) -> bool:
    return client.get("/profile/").status_code == 200


def link_in_last_mail() -> str:
    """The path of the first link of the mail that was sent last."""
    found = re.search(r"https?://[^/\s]+(/\S+)", str(mail.outbox[-1].body))
    assert found, mail.outbox[-1].body
    return found[1]
