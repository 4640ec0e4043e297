"""The demo's edition: public, in both languages, by its own rules, and made once."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from altiplano.accounts.consent_models import Consent, LegalDocument
from altiplano.accounts.models import Role
from altiplano.challenges.calendar import wall_time
from altiplano.challenges.domain.editions import opening_floor
from altiplano.challenges.models import FULL_MARK, Edition, Phase
from altiplano.ops.demo.edition import RULES, SLUG, ZONE, ensure_demo_edition
from tests.cast import make_member
from tests.factories.accounts import OrganizationFactory
from tests.factories.studio import CollectionFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def edition(db) -> Edition:
    organizer = OrganizationFactory(name="Green Schools")
    owner = make_member(organizer, Role.OWNER, "Dora").user
    collection = CollectionFactory(organization=organizer, name="School documents")
    for _twice in range(2):
        ensure_demo_edition(organizer=organizer, owner=owner, collection=collection)
    return Edition.objects.get(slug=SLUG)


def test_demo_edition_is_read_in_both_languages(edition):
    page = Client().get(f"/challenge/{SLUG}/", headers={"accept-language": "en"})
    assert "Who runs a school" in page.content.decode()
    page = Client().get(f"/challenge/{SLUG}/", headers={"accept-language": "fr"})
    assert "Une école, une mairie" in page.content.decode()


def test_demo_edition_keeps_the_notice_of_its_rules_and_begins_later(edition):
    first = edition.phases.order_by("opens_at").first()
    floor = opening_floor(edition)
    assert floor is not None
    assert first.opens_at >= floor >= edition.rules.published_at + timedelta(hours=24)
    assert not edition.is_frozen()
    assert edition.is_frozen(first.opens_at)


def test_demo_phases_open_in_the_morning_and_close_late_in_paris(edition):
    assert {wall_time(each.opens_at, ZONE).hour for each in Phase.objects.all()} == {9}
    assert {wall_time(each.closes_at, ZONE).hour for each in Phase.objects.all()} == {23}
    assert edition.phases.count() == 5


def test_every_mark_of_the_demo_has_its_anchor_in_both_languages(edition):
    for criterion in edition.criteria.all():
        assert len(criterion.anchors_en) == len(criterion.anchors_fr) == FULL_MARK + 1


def test_demo_rules_bind_nobody(edition):
    assert LegalDocument.objects.get(slug=RULES).purposes == []
    assert not Consent.unscoped.exists()


def test_what_was_changed_since_is_left_alone(edition):
    edition.name_en = "Changed"
    edition.save()
    ensure_demo_edition(
        organizer=edition.organizer,
        owner=make_member(edition.organizer, Role.OWNER, "Eve").user,
        collection=edition.corpus.get(),
    )
    assert Edition.objects.get(slug=SLUG).name_en == "Changed"
    assert edition.published_at <= timezone.now()
