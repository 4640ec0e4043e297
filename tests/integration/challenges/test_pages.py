"""The public pages: for anybody, in two zones and two languages, without what is nobody's business."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from altiplano.challenges.domain.extensions import extend_phase
from altiplano.challenges.models import Criterion, Edition, Phase, PhaseKind, Prize, Track
from tests.factories.accounts import OrganizationFactory
from tests.factories.challenges import (
    ANCHORS,
    HELD_OUT,
    add_phase,
    begin,
    draft_edition,
    publish_edition_now,
)
from tests.factories.studio import CollectionFactory

pytestmark = pytest.mark.django_db
ADDRESS = "/challenge/first/"
CLOSING = datetime(2026, 10, 25, 22, 59, tzinfo=UTC)
"""A minute before midnight in Paris, on the day on which its clocks were set back."""


def words_of(client: Client, address: str = ADDRESS, **headers: str) -> str:
    page = client.get(address, headers=headers)
    assert page.status_code == 200, address
    return " ".join(re.sub(r"<[^>]*>", " ", page.content.decode()).split())


@pytest.fixture
def closing(db) -> Edition:
    """Whose only phase closes on the day on which clocks are set back."""
    edition = draft_edition()
    add_phase(edition, CLOSING - timedelta(days=30), CLOSING, grace_minutes=10)
    Edition.objects.filter(pk=edition.pk).update(published_at=CLOSING - timedelta(days=60))
    return edition


def test_reader_sees_the_deadline_in_the_zone_of_the_edition_and_in_their_own(closing, client):
    page = words_of(client, f"{ADDRESS}?zone=America/Santiago")
    assert "25 October 2026, 23:59 Europe/Paris (UTC+1)" in page
    assert "25 October 2026, 19:59 America/Santiago (UTC-3)" in page
    shown = client.get(ADDRESS).content.decode()  # this browser remembers where it is
    instants = re.findall(r'datetime="([^"]*)">25 October 2026', shown)
    assert len(instants) == 2
    assert {datetime.fromisoformat(each) for each in instants} == {CLOSING}
    assert "within 10 minutes after that is still taken" in shown


def test_same_deadline_is_told_in_french(closing, client):
    page = words_of(client, f"{ADDRESS}?zone=America/Santiago", accept_language="fr")
    assert "25 octobre 2026 à 23:59 Europe/Paris (UTC+1)" in page
    assert "25 octobre 2026 à 19:59 America/Santiago (UTC-3)" in page
    assert "Édition first" in page
    assert f"{ANCHORS[0]} (fr)" in page
    assert ANCHORS[0] in words_of(client, accept_language="en")


def test_without_a_known_zone_the_script_is_told_the_instant(closing, client):
    page = client.get(ADDRESS).content.decode()
    assert f'data-here="{CLOSING.isoformat()}"' in page
    assert "America/Santiago (UTC" not in page


@pytest.mark.parametrize("zone", ["Mars/Olympus", "../../etc/passwd", "", "Europe/Paris\x01"])
def test_zone_that_is_none_is_ignored_and_not_remembered(closing, client, zone):
    response = client.get(ADDRESS, {"zone": zone})
    assert response.status_code == 200
    assert "zone" not in response.cookies
    client.cookies["zone"] = zone.replace("\x01", "")
    assert client.get(ADDRESS).status_code == 200


def test_page_says_where_the_edition_stands_and_the_scripts_clock_is_the_servers(client):
    edition = publish_edition_now()
    page = client.get(ADDRESS).content.decode()
    opens = edition.phases.get().opens_at
    assert "Entries: to come" in page
    assert f'data-until="{int(opens.timestamp())}"' in page
    told = int(re.search(r'data-clock="(\d+)"', page)[1])
    assert abs(told - timezone.now().timestamp()) < 60
    answer = client.get("/challenge/clock")
    assert abs(int(answer.content) / 1000 - timezone.now().timestamp()) < 60
    assert answer["Cache-Control"] == "no-store"
    begin(edition)
    assert "Entries: open now" in client.get(ADDRESS).content.decode()


def test_extension_stands_on_the_page_and_in_the_feed_with_its_reason(client):
    phase = begin(publish_edition_now()).phases.get()
    before = phase.closes_at
    extend_phase(
        phase=phase,
        closes_at=before + timedelta(days=2),
        reason_en="The line was <b>down</b>.",
        reason_fr="La ligne était coupée.",
        actor=None,
    )
    page = client.get(ADDRESS).content.decode()
    assert "The line was &lt;b&gt;down&lt;/b&gt;." in page
    assert before.isoformat() in page
    assert "La ligne était coupée." in words_of(client, accept_language="fr")
    feed = client.get("/challenge/feed.xml")
    assert feed["Content-Type"].startswith("application/atom+xml")
    text = feed.content.decode()
    assert "more time for entries" in text
    assert "<b>" not in text
    assert text.count("<entry>") == 2


def test_held_out_questions_are_shown_to_nobody(client, alice):
    publish_edition_now(alice.organization)
    for reader in (client, alice.browser, alice.api):
        for address in (ADDRESS, "/challenge/", "/challenge/feed.xml", "/api/v1/challenges",
                        "/api/v1/challenges/first"):  # fmt: skip
            response = reader.get(address)
            assert response.status_code == 200, address
            assert HELD_OUT not in response.content.decode(), address


def test_drafts_are_shown_to_nobody(client, alice):
    draft_edition()
    for reader in (client, alice.browser):
        assert reader.get(ADDRESS).status_code == 404
        assert reader.get("/api/v1/challenges/first").status_code == 404
        assert "first" not in reader.get("/challenge/feed.xml").content.decode()
    assert "No edition has been announced yet." in words_of(client, "/challenge/")
    assert client.get("/api/v1/challenges").json() == []


def test_page_can_be_found_read_without_a_script_and_needs_no_sign_in(client):
    publish_edition_now()
    page = client.get(ADDRESS).content.decode()
    assert '<link rel="canonical" href="http://testserver/challenge/first/">' in " ".join(
        page.split()
    )
    assert "noindex" not in page
    assert "<script>" not in page
    for words in ("Water", "500 EUR", "weight 3/3", "English, French", "Acceptable use"):
        assert words in words_of(client), words


def test_shared_documents_are_the_organizers_and_named_alone(client):
    organizer = OrganizationFactory(name="Green Schools")
    shared = CollectionFactory(organization=organizer, name="Composting")
    CollectionFactory(organization=organizer, name="Payroll")
    edition = publish_edition_now(organizer)
    edition.corpus.add(shared)
    page = words_of(client)
    assert "Composting 0 documents" in page
    assert "Organized by Green Schools" in page
    assert "Payroll" not in page


def fill(edition: Edition, number: int) -> None:
    Track.objects.create(edition=edition, slug=f"t{number}", kind="other", name_en="T", name_fr="T")
    Prize.objects.create(edition=edition, name_en="P", name_fr="P", position=number)
    Criterion.objects.create(
        edition=edition, slug=f"c{number}", name_en="C", name_fr="C", anchors_en=ANCHORS
    )
    kind = list(PhaseKind)[number]
    tomorrow = timezone.now() + timedelta(days=1 + number)
    if not Phase.objects.filter(edition=edition, kind=kind).exists():
        add_phase(edition, tomorrow, tomorrow + timedelta(days=1), kind)
    organizer = edition.organizer
    edition.corpus.add(CollectionFactory(organization=organizer, name=f"Collection {number}"))


@pytest.mark.parametrize("address", [ADDRESS, "/challenge/", "/challenge/feed.xml",
                                     "/api/v1/challenges", "/api/v1/challenges/first"])  # fmt: skip
def test_pages_cost_the_same_however_full(client, address):
    edition = publish_edition_now(OrganizationFactory())
    fill(edition, 0)
    counts = []
    for number in (2, 3, 4):
        with CaptureQueriesContext(connection) as queries:
            assert client.get(address).status_code == 200
        counts.append(len(queries))
        fill(edition, number)
        publish_edition_now(edition.organizer, f"other-{number}")
    assert len(set(counts)) == 1, counts


def test_api_tells_instants_in_utc_with_the_zone_and_the_servers_clock(closing, client):
    (listed,) = client.get("/api/v1/challenges").json()
    assert listed["zone"] == "Europe/Paris"
    assert datetime.fromisoformat(listed["phases"][0]["closes_at"]) == CLOSING
    assert listed["phases"][0]["grace_seconds"] == 600
    told = client.get("/api/v1/challenges/first").json()
    assert told["phases"] == listed["phases"]
    assert abs(datetime.fromisoformat(told["now"]) - timezone.now()) < timedelta(minutes=1)
    assert told["criteria"][0]["anchors"]["en"] == ANCHORS
    assert told["rules"]["url"] == "/legal/rules-of-first/1/"
    assert client.get(told["rules"]["url"]).status_code == 200
    assert told["tracks"][0]["track"] == told["prizes"][0]["track"] == "water"


def test_text_from_right_to_left_keeps_its_direction(client):
    edition = publish_edition_now()
    edition.brief_en = "تحدٍّ للجميع"
    edition.save()
    page = client.get(ADDRESS).content.decode()
    assert re.search(r'<div class="edition-text" dir="auto">\s*<p>تحدٍّ', page)
