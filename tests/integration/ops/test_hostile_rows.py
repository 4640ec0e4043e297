"""C20, C24: whatever people stored, the operator who looks at it sees text."""

import pytest
from django.db import DataError, IntegrityError, models, transaction
from django.test import Client
from django.urls import get_resolver

from altiplano.accounts.models import User
from tests.factories.everything import make_everything
from tests.integration.ops.test_admin_pages import OWN, page_of

pytestmark = pytest.mark.django_db

PAYLOADS = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "</textarea></title><svg/onload=alert(1)>",
    "{{7*7}}{% include 'web/base.html' %}%s{0.__class__}${7*7}",
)
MARKUP = ("<script>alert", "<img src=x", "<svg/onload")
LEAST_FIELDS = 30


def _holds_words(field: models.Field) -> bool:
    return (
        isinstance(field, models.CharField | models.TextField)
        and not isinstance(field, models.SlugField)
        and not field.choices
        and not field.unique
        and (field.max_length or 1000) >= max(map(len, PAYLOADS))
    )


def _store_everywhere(payload: str) -> int:
    """Every column of words that takes ``payload`` holds it, past all forms; how many do."""
    stored = 0
    for model in OWN:
        for field in model._meta.concrete_fields:
            if not _holds_words(field):
                continue
            try:
                with transaction.atomic():
                    # The audit's own query set refuses changes.
                    models.QuerySet(model).update(**{field.name: payload})
            except (IntegrityError, DataError):
                continue  # a rule of the database keeps it out
            stored += 1
    return stored


@pytest.fixture
def operator(db) -> Client:
    assert get_resolver().url_patterns  # which is what registers the pages
    client = Client()
    client.force_login(User.objects.create_superuser("operator@example.org"))
    return client


@pytest.mark.parametrize("payload", PAYLOADS, ids=lambda text: text[:14])
def test_stored_markup_is_text_on_every_page_of_the_dashboard(operator, payload):
    make_everything(1)
    assert _store_everywhere(payload) >= LEAST_FIELDS
    operator = Client()
    operator.force_login(User.objects.create_superuser("second@example.org"))
    shown_somewhere = False
    for address in ("/admin/", *(page_of(model) for model in OWN), *_row_pages()):
        response = operator.get(address)
        assert response.status_code == 200, address
        page = response.content.decode()
        assert not any(mark in page for mark in MARKUP), address
        shown_somewhere |= any(
            mark in page for mark in ("&lt;script&gt;alert", "&lt;img", "&lt;svg", "{{7*7}}")
        )
    assert shown_somewhere, "a leak test first shows what could leak"


def _row_pages() -> list[str]:
    rows = [(model, model._default_manager.first()) for model in OWN]
    return [page_of(model, "change", row.pk) for model, row in rows if row is not None]
