"""Every model has a page in the dashboard: found, opened, searched, in as many queries however full,
and with no secret in it.
"""

import pytest
from django.apps import apps
from django.contrib import admin
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import get_resolver, reverse

from altiplano.accounts.models import User
from altiplano.ops.interfaces.plain_pages import NOT_SHOWN
from tests.factories.everything import make_everything

pytestmark = pytest.mark.django_db

MODELS = [model for model in apps.get_models() if model._meta.managed and model not in NOT_SHOWN]
ROWS_MADE = 33
KEPT_FOR_GOOD = {
    "accounts.LegalDocument",
    "challenges.Challenge",
    "challenges.Edition",
    "challenges.Extension",
}
OWN = [model for model in MODELS if model.__module__.startswith("altiplano.")]


@pytest.fixture(autouse=True)
def _loaded_pages():
    assert get_resolver().url_patterns  # which is what registers the pages


@pytest.fixture
def operator(db) -> Client:
    client = Client()
    client.force_login(User.objects.create_superuser("operator@example.org"))
    return client


def page_of(model, kind="changelist", *args) -> str:
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{kind}", args=args)


def queries_of(client: Client, address: str) -> tuple[int, str]:
    with CaptureQueriesContext(connection) as queries:
        response = client.get(address)
    assert response.status_code == 200, address
    return len(queries), response.content.decode()


@pytest.mark.parametrize("model", OWN, ids=lambda model: model._meta.label)
def test_every_model_has_a_page(model):
    assert model in admin.site._registry


def test_every_page_shows_no_secret_and_costs_the_same_however_full(operator):
    secrets = make_everything(1)
    few = {model: queries_of(operator, page_of(model))[0] for model in OWN}
    for number in (2, 3):
        secrets |= make_everything(number)
    for model in MODELS:
        count, shown = queries_of(operator, page_of(model))
        assert not [each for each in secrets if each in shown], model
        assert model not in few or count == few[model], f"{model}: {few.get(model)} became {count}"


def test_every_row_opens_without_its_secrets(operator):
    secrets = make_everything(1)
    opened = 0
    for model in MODELS:
        row = model._default_manager.first()
        if row is None:
            continue
        opened += 1
        response = operator.get(page_of(model, "change", row.pk))
        assert response.status_code == 200, model
        shown = response.content.decode()
        assert not [each for each in secrets if each in shown], model
    assert opened >= ROWS_MADE


@pytest.mark.parametrize("words", ["compost", "7", "Ünïcode 🌱", "' OR 1=1 --"])
def test_every_page_can_be_searched(operator, words):
    make_everything(1)
    for model in MODELS:
        response = operator.get(page_of(model), {"q": words})
        assert response.status_code == 200, model


def test_id_finds_its_row_on_every_page(operator):
    make_everything(1)
    for model in OWN:
        row = model._default_manager.first()
        field = model._meta.pk
        target = field.target_field if field.is_relation else field
        if row is not None and target.get_internal_type() == "UUIDField":
            response = operator.get(page_of(model), {"q": str(row.pk)})
            assert page_of(model, "change", row.pk) in response.content.decode(), model


def test_rows_are_read_only_but_where_said(operator):
    make_everything(1)
    may_be_added = {
        "kernel.OrganizationLimits", "ops.MaintenanceNotice", "auth.Group", "serving.ToolServer",
        "accounts.LegalDocument", "challenges.Challenge", "challenges.Edition",
        "challenges.Extension", "challenges.HeldOutQuestion",
    }  # fmt: skip
    for model in MODELS:
        page = admin.site._registry[model]
        response = operator.get(page_of(model, "add"))
        expected = 200 if model._meta.label in may_be_added else 403
        assert response.status_code == expected, model
        assert page.is_deletable == (model._meta.label in may_be_added - KEPT_FOR_GOOD)


def test_c44_strangers_sign_in_by_the_portal(client):
    response = client.get("/admin/runs/run/")
    assert response.status_code == 302
    assert response["Location"] == "/accounts/login/?next=/admin/runs/run/"
    assert client.get("/admin/login/")["Location"] == "/accounts/login/?next=/admin/"


def test_c44_members_are_not_let_in(alice):
    for model in MODELS:
        assert alice.browser.get(page_of(model)).status_code == 403
    assert alice.browser.get("/admin/").status_code == 403
    assert alice.browser.get("/admin/login/").status_code == 403
    assert alice.api.get("/admin/").status_code == 302  # a key is no sign-in


def test_c44_staff_see_what_they_were_given_and_no_more(db):
    client = Client()
    client.force_login(User.objects.create_user("helper@example.org", is_staff=True))
    assert client.get("/admin/").status_code == 200
    assert {client.get(page_of(model)).status_code for model in MODELS} == {403}


def test_policy_allows_no_inline_script_and_nothing_from_elsewhere(operator):
    policy = operator.get("/admin/runs/run/")["Content-Security-Policy"]
    parts = dict(part.split(" ", 1) for part in policy.split("; "))
    assert parts["default-src"] == "'none'"
    assert "unsafe-inline" not in parts["script-src"]
    assert "http" not in policy
    assert "unsafe-eval" not in operator.get("/home/")["Content-Security-Policy"]


def test_pages_hold_no_inline_script_or_style_sheet(operator):
    shown = operator.get("/admin/accounts/user/").content.decode()
    assert "<style" not in shown
    assert "<script>" not in shown
    assert "//" not in " ".join(part.split('"')[0] for part in shown.split('src="')[1:])
