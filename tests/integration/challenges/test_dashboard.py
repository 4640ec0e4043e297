"""Staff write an edition in the dashboard, on the clocks of its zone, and cannot touch it once begun."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from altiplano.accounts.models import AuditEvent
from altiplano.challenges.calendar import wall_time
from altiplano.challenges.models import Challenge, Edition, Extension, Phase
from tests.factories.accounts import OrganizationFactory, UserFactory
from tests.factories.challenges import (
    ANCHORS,
    add_phase,
    begin,
    draft_edition,
    publish_edition_now,
    publish_rules,
)
from tests.factories.studio import CollectionFactory

pytestmark = pytest.mark.django_db
PREFIXES = {"phases": 0, "tracks": 0, "prizes": 0, "criteria": 0}


@pytest.fixture
def staff() -> Client:
    client = Client()
    client.force_login(UserFactory(is_staff=True, is_superuser=True))
    return client


def filled(**more: Any) -> dict[str, Any]:
    """The form of an edition with one of everything."""
    challenge, _made = Challenge.objects.get_or_create(
        slug="impact", defaults={"name_en": "Impact", "name_fr": "Impact"}
    )
    data = {
        "challenge": challenge.pk,
        "slug": "first",
        "name_en": "First edition",
        "name_fr": "Première édition",
        "brief_en": "Brief.",
        "brief_fr": "Présentation.",
        "zone": "Europe/Paris",
        "rules": more.get("rules") or publish_rules().pk,
        "rules_notice_hours": 0,
        "languages": "en, FR en",
        "jury_answers": 100,
        "answer_tokens": 500,
        "answer_seconds": 30,
        "organizer": "",
        "tracks-0-slug": "water",
        "tracks-0-kind": "environment",
        "tracks-0-name_en": "Water",
        "tracks-0-name_fr": "Eau",
        "tracks-0-position": 0,
        "criteria-0-slug": "impact",
        "criteria-0-weight": 2,
        "criteria-0-name_en": "Impact",
        "criteria-0-name_fr": "Effet",
        "criteria-0-anchors_en": "\n".join(ANCHORS),
        "criteria-0-anchors_fr": "\n".join(ANCHORS),
        "criteria-0-position": 0,
        "phases-0-kind": "entry",
        "phases-0-opens_at_0": "2036-10-01",
        "phases-0-opens_at_1": "09:00:00",
        "phases-0-closes_at_0": "2036-10-26",
        "phases-0-closes_at_1": "23:59:00",
        "phases-0-grace_minutes": 10,
    }
    for prefix in PREFIXES:
        count = 1 if any(name.startswith(f"{prefix}-0") for name in data) else 0
        data |= {f"{prefix}-TOTAL_FORMS": count, f"{prefix}-INITIAL_FORMS": 0}
    return data | more


def add(staff: Client, **more: Any):
    return staff.post("/admin/challenges/edition/add/", filled(**more))


def errors_of(response) -> str:
    context = response.context
    said = [str(context["adminform"].form.errors)]
    said += [str(each.formset.errors) for each in context["inline_admin_formsets"]]
    return " ".join(said)


def publish(staff: Client, edition: Edition) -> str:
    chosen = {"action": "publish", "_selected_action": str(edition.pk), "confirmed": "publish"}
    page = staff.post("/admin/challenges/edition/", chosen, follow=True)
    return page.content.decode()


def test_edition_is_written_and_published_on_the_clocks_of_its_zone(staff, client):
    response = add(staff)
    assert response.status_code == 302, errors_of(response)
    edition = Edition.objects.get()
    phase = edition.phases.get()
    # In the night before its last day clocks in Paris are set back.
    assert phase.opens_at == datetime(2036, 10, 1, 7, 0, tzinfo=UTC)
    assert phase.closes_at == datetime(2036, 10, 26, 22, 59, tzinfo=UTC)
    assert edition.languages == ["en", "fr"]
    assert edition.criteria.get().anchors_en == ANCHORS
    assert client.get("/challenge/first/").status_code == 404
    publish(staff, edition)
    assert client.get("/challenge/first/").status_code == 200
    assert AuditEvent.objects.filter(action="edition.published").exists()


def test_page_shows_times_of_the_zone_and_saves_them_unchanged(staff):
    add(staff)
    edition, phase = Edition.objects.get(), Phase.objects.get()
    address = f"/admin/challenges/edition/{edition.pk}/change/"
    page = staff.get(address).content.decode()
    assert 'value="2036-10-26"' in page
    assert 'value="23:59:00"' in page
    same = filled(rules=edition.rules_id, challenge=edition.challenge_id)
    for prefix, rows in (
        ("phases", edition.phases), ("tracks", edition.tracks), ("criteria", edition.criteria),
    ):  # fmt: skip
        same |= {
            f"{prefix}-INITIAL_FORMS": 1,
            f"{prefix}-0-id": str(rows.get().pk),
            f"{prefix}-0-edition": str(edition.pk),
        }
    assert staff.post(address, same).status_code == 302
    assert Phase.objects.values().get() == Phase.objects.filter(pk=phase.pk).values().get()
    assert Phase.objects.get().closes_at == phase.closes_at
    elsewhere = staff.post(address, same | {"zone": "America/Santiago"})
    assert elsewhere.status_code == 302
    closes = Phase.objects.get().closes_at
    assert wall_time(closes, "America/Santiago").isoformat() == "2036-10-26T23:59:00"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"phases-0-closes_at_0": "2036-10-26", "phases-0-closes_at_1": "02:30:00"}, "twice"),
        ({"phases-0-opens_at_0": "2036-03-30", "phases-0-opens_at_1": "02:30:00"}, "never show"),
        ({"phases-0-closes_at_0": "2036-09-30"}, "close after it opens"),
        ({"phases-0-opens_at_1": "soon"}, "valid"),
        ({"zone": "Mars/Olympus"}, "Mars/Olympus"),
        ({"languages": "en xx"}, "xx"),
        ({"languages": ""}, "required"),
        ({"criteria-0-anchors_en": "only\ntwo"}, "each mark from 0 to 4"),
        ({"criteria-0-weight": "0"}, "greater than or equal to 1"),
        ({"jury_answers": "0"}, "greater than or equal to 1"),
        ({"slug": "no slug"}, "slug"),
    ],
    ids=str,
)
def test_what_makes_no_sense_is_refused_in_words(staff, change, said):
    response = add(staff, **change)
    assert response.status_code == 200
    assert said in errors_of(response)
    assert not Edition.objects.exists()


def test_refused_publication_says_why(staff):
    edition = draft_edition(rules_notice_hours=48)
    add_phase(edition, timezone.now() + timedelta(days=1), timezone.now() + timedelta(days=2))
    assert "must have been public for 48 hours" in publish(staff, edition)
    assert Edition.objects.get().published_at is None


def test_only_published_rules_can_be_chosen(staff):
    draft = draft_edition()
    page = staff.get(f"/admin/challenges/edition/{draft.pk}/change/").content.decode()
    assert str(draft.rules) in page
    assert "acceptable-use" not in page


def test_only_the_organizers_collections_can_be_shared(staff):
    organizer = OrganizationFactory()
    CollectionFactory(organization=organizer, name="Their garden")
    CollectionFactory(name="Somebody's garden")
    edition = draft_edition(organizer=organizer)
    page = staff.get(f"/admin/challenges/edition/{edition.pk}/change/").content.decode()
    assert "Their garden" in page
    assert "Somebody" not in page


def test_begun_edition_has_no_form_and_no_operation(staff):
    edition = begin(publish_edition_now())
    address = f"/admin/challenges/edition/{edition.pk}/change/"
    page = staff.get(address)
    assert page.status_code == 200
    assert 'name="_save"' not in page.content.decode()
    assert staff.post(address, filled()).status_code == 403
    question = edition.heldoutquestions.get()
    address = f"/admin/challenges/heldoutquestion/{question.pk}/change/"
    assert staff.post(address, {"text": "Other"}).status_code == 403
    added = {"edition": edition.pk, "text": "Late?", "language": "en"}
    staff.post("/admin/challenges/heldoutquestion/add/", added)
    assert edition.heldoutquestions.count() == 1


def extend(staff: Client, phase: Phase, day: str, **more: Any):
    data = {
        "phase": phase.pk,
        "closes_at_0": day,
        "closes_at_1": "23:59:00",
        "reason_en": "The line was down.",
        "reason_fr": "La ligne était coupée.",
    }
    return staff.post("/admin/challenges/extension/add/", data | more)


def test_phase_is_extended_on_the_clocks_of_its_zone(staff):
    edition = begin(publish_edition_now())
    phase = edition.phases.get()
    assert extend(staff, phase, "2040-01-31").status_code == 302
    assert Phase.objects.get().closes_at == datetime(2040, 1, 31, 22, 59, tzinfo=UTC)
    extension = Extension.objects.get()
    assert extension.closed_at_before == phase.closes_at
    assert extension.extended_by is not None
    address = f"/admin/challenges/extension/{extension.pk}/change/"
    assert staff.get(address).status_code == 200
    assert staff.post(address, {"reason_en": "Another."}).status_code == 403


@pytest.mark.parametrize(
    ("day", "more", "said"),
    [
        ("2020-01-31", {}, "only be made longer"),
        ("2040-10-28", {"closes_at_1": "02:30:00"}, "twice"),
        ("2040-01-31", {"reason_fr": ""}, "required"),
        ("2040-01-31", {"reason_en": "   "}, "required"),
    ],
)
def test_extension_that_makes_no_sense_is_refused_in_words(staff, day, more, said):
    phase = begin(publish_edition_now()).phases.get()
    response = extend(staff, phase, day, **more)
    assert response.status_code == 200
    assert said in str(response.context["adminform"].form.errors)
    assert not Extension.objects.exists()


def test_edition_that_has_not_begun_is_not_extended(staff):
    response = extend(staff, publish_edition_now().phases.get(), "2040-01-31")
    assert "changed on its own page" in str(response.context["adminform"].form.errors)


def test_public_edition_keeps_the_notice_of_its_rules(staff):
    edition = publish_edition_now()
    phase = edition.phases.get()
    Edition.objects.filter(pk=edition.pk).update(rules_notice_hours=12)
    soon = wall_time(timezone.now() + timedelta(hours=2), edition.zone)
    data = filled(
        **{
            "slug": edition.slug,
            "challenge": edition.challenge_id,
            "rules": edition.rules_id,
            "rules_notice_hours": 12,
            "phases-INITIAL_FORMS": 1,
            "phases-0-id": str(phase.pk),
            "phases-0-edition": str(edition.pk),
            "phases-0-opens_at_0": f"{soon:%Y-%m-%d}",
            "phases-0-opens_at_1": f"{soon:%H:%M:%S}",
            "tracks-TOTAL_FORMS": 0,
            "criteria-TOTAL_FORMS": 0,
        }
    )
    response = staff.post(f"/admin/challenges/edition/{edition.pk}/change/", data)
    assert "must have been public for 12 hours" in errors_of(response)
