"""The list of every table, for operators who read French."""

import re

import pytest
from django.test import Client

from tests.factories.accounts import UserFactory

pytestmark = pytest.mark.django_db


def test_names_with_accents_stand_among_the_others():
    operator = Client()
    operator.force_login(UserFactory(is_staff=True, is_superuser=True))
    operator.cookies["django_language"] = "fr"
    page = operator.get("/admin/everything/").content.decode()
    areas = re.findall(r"<h2[^>]*>\s*([^<]+?)\s*</h2>", page)
    assert areas.index("Défis") < areas.index("Exploitation")
    assert page.index(">Événements d\u2019audit<") < page.index(">Invitations<")
