"""The first page leads to the edition that goes on, and to none that is over."""

from datetime import timedelta

import pytest
from django.utils import timezone

from altiplano.challenges.models import Phase
from tests.factories.challenges import begin, draft_edition, publish_edition_now

pytestmark = pytest.mark.django_db


def test_first_page_leads_to_an_edition_that_is_to_come_or_open(client):
    edition = publish_edition_now()
    page = client.get("/").content.decode()
    assert 'href="/challenge/first/"' in page
    assert "Entries: to come" in page
    begin(edition)
    assert "Entries: open now" in client.get("/").content.decode()


def test_first_page_says_nothing_of_drafts_and_of_what_is_over(client):
    draft_edition()
    assert 'href="/challenge/first/"' not in client.get("/").content.decode()
    begin(publish_edition_now(slug="past"))
    Phase.objects.update(closes_at=timezone.now() - timedelta(minutes=1))
    assert 'href="/challenge/past/"' not in client.get("/").content.decode()


def test_first_page_prefers_what_is_open_and_then_what_opens_first(client):
    begin(publish_edition_now(slug="open"))
    later = publish_edition_now(slug="later")
    Phase.objects.filter(edition=later).update(opens_at=timezone.now() + timedelta(days=9))
    publish_edition_now(slug="soon")
    assert 'href="/challenge/open/"' in client.get("/").content.decode()
    Phase.objects.filter(edition__slug="open").update(closes_at=timezone.now())
    page = client.get("/").content.decode()
    assert 'href="/challenge/soon/"' in page
    assert 'href="/challenge/later/"' not in page
