"""A notice stands on every page, in the reader's language, from one moment to another."""

from datetime import timedelta

import pytest
from django.core.cache import caches
from django.db import IntegrityError, OperationalError, connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from altiplano.accounts.models import AuditEvent, User
from altiplano.ops.maintenance import current_notice
from altiplano.ops.models import MaintenanceNotice

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _empty_cache():
    caches["near"].clear()
    yield
    caches["near"].clear()


def make_notice(begins: int, ends: int) -> MaintenanceNotice:
    now = timezone.now()
    return MaintenanceNotice.objects.create(
        text_en="We move to new machines tonight.",
        text_fr="Nous changeons de machines cette nuit.",
        starts_at=now + timedelta(minutes=begins),
        ends_at=now + timedelta(minutes=ends),
    )


def test_notice_stands_on_every_page_in_both_languages(client, alice):
    make_notice(-5, 5)
    for path in ("/", "/accounts/login/", "/nowhere/"):
        assert "We move to new machines tonight." in client.get(path).content.decode(), path
    french = alice.browser.get("/home/", headers={"accept-language": "fr"}).content.decode()
    assert "Nous changeons de machines cette nuit." in french


@pytest.mark.parametrize(("begins", "ends"), [(1, 5), (-5, -1)])
def test_notice_that_does_not_hold_now_is_not_shown(client, begins, ends):
    make_notice(begins, ends)
    assert "new machines" not in client.get("/").content.decode()


def test_pages_read_it_once_in_some_seconds(client, settings):
    settings.NOTICE_CACHE_SECONDS = 10
    make_notice(-5, 5)
    table = MaintenanceNotice._meta.db_table
    with CaptureQueriesContext(connection) as first:
        client.get("/")
    with CaptureQueriesContext(connection) as second:
        assert "new machines" in client.get("/").content.decode()
    assert [table in query["sql"] for query in first].count(True) == 1
    assert not any(table in query["sql"] for query in second)


def test_what_an_operator_writes_is_shown_at_once_and_on_record(
    client, settings, django_capture_on_commit_callbacks
):
    settings.NOTICE_CACHE_SECONDS = 10
    operator = Client()
    operator.force_login(User.objects.create_superuser("operator@example.org"))
    assert "Soon." not in client.get("/").content.decode()
    now = timezone.now()
    with django_capture_on_commit_callbacks(execute=True):
        response = operator.post(
            "/admin/ops/maintenancenotice/add/",
            {
                "text_en": "Soon.",
                "text_fr": "Bientôt.",
                "starts_at_0": f"{now - timedelta(hours=1):%Y-%m-%d}",
                "starts_at_1": f"{now - timedelta(hours=1):%H:%M:%S}",
                "ends_at_0": f"{now + timedelta(hours=1):%Y-%m-%d}",
                "ends_at_1": f"{now + timedelta(hours=1):%H:%M:%S}",
            },
        )
    assert response.status_code == 302, response.content.decode()
    assert "Soon." in client.get("/").content.decode()
    assert AuditEvent.objects.filter(action="maintenancenotice.added").count() == 1


def test_notice_that_ends_before_it_starts_is_refused():
    with pytest.raises(IntegrityError), transaction.atomic():
        make_notice(5, -5)


def test_page_that_says_the_database_is_away_does_not_fail_for_want_of_a_notice(monkeypatch):
    def refuse(**_):
        raise OperationalError

    monkeypatch.setattr(MaintenanceNotice.objects, "filter", refuse)
    assert current_notice() is None
