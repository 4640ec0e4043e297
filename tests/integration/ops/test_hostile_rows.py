"""C19, C20, C24: whatever people stored, the operator who looks at it sees text."""

import pytest
from django.test import Client
from django.urls import get_resolver

from altiplano.accounts.models import User
from tests.factories.everything import make_everything
from tests.factories.hostile import FORMS, TEMPLATE_RESULT, live_parts
from tests.factories.hostile_rows import store_everywhere
from tests.integration.ops.test_admin_pages import OWN, page_of

pytestmark = pytest.mark.django_db

LEAST_COLUMNS = 25
TURNS = range(6)


def dashboard_addresses() -> list[str]:
    """The overview, every table and its first row, and what was made of the words in them."""
    rows = [(model, model._default_manager.first()) for model in OWN]
    return [
        "/admin/",
        *(page_of(model) for model in OWN),
        *(page_of(model, "change", row.pk) for model, row in rows if row is not None),
    ]


@pytest.mark.parametrize("turn", TURNS)
def test_stored_markup_is_text_on_every_page_of_the_dashboard(db, turn):
    assert get_resolver().url_patterns  # which is what registers the pages
    make_everything(1)
    stored = store_everywhere(OWN, turn)
    assert sum(stored.values()) >= LEAST_COLUMNS
    operator = Client()
    operator.force_login(User.objects.create_superuser("second@example.org"))
    shown = 0
    for address in dashboard_addresses():
        response = operator.get(address)
        assert response.status_code == 200, address
        page = response.content.decode()
        assert live_parts(page) == [], address
        assert TEMPLATE_RESULT not in page, address
        shown += page.count("&lt;")
    assert shown, "a leak test first shows what could leak"


def test_forms_all_have_their_turn(db):
    make_everything(1)
    seen = {name for turn in TURNS for name, count in store_everywhere(OWN, turn).items() if count}
    assert seen == {form.name for form in FORMS}


@pytest.mark.parametrize("form", FORMS, ids=str)
def test_operator_confirms_rows_that_are_called_so(db, form):
    """The confirmation of an operation, what it reports, and the record of it."""
    assert get_resolver().url_patterns
    make_everything(1)
    operator = Client()
    operator.force_login(User.objects.create_superuser("second@example.org"))
    person = User.objects.exclude(is_superuser=True).first()
    User.objects.filter(pk=person.pk).update(name=form.text)
    send = {"action": "deactivate", "_selected_action": str(person.pk)}
    pages = [
        operator.post("/admin/accounts/user/", send),
        operator.post(
            "/admin/accounts/user/",
            {**send, "confirmed": "deactivate", "reason": form.text},
            follow=True,
        ),
        operator.get("/admin/accounts/auditevent/"),
        operator.post("/admin/queues/runs/", {"mode": form.text, "reason": form.text}),
        operator.get("/admin/accounts/user/", {"q": form.text}),
    ]
    for number, response in enumerate(pages):
        assert response.status_code in {200, 400}, number
        page = response.content.decode()
        assert live_parts(page) == [], number
        assert TEMPLATE_RESULT not in page, number
    person.refresh_from_db()
    assert not person.is_active
