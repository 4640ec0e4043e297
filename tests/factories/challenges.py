"""Editions as staff would have written and published them."""

from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone

from altiplano.accounts.consent_models import LegalKind, LegalVersion
from altiplano.challenges.domain.editions import publish_edition
from altiplano.challenges.models import (
    Challenge,
    Criterion,
    Edition,
    HeldOutQuestion,
    Phase,
    PhaseKind,
    Prize,
    Track,
    TrackKind,
)
from tests.factories.legal import publish_text

ANCHORS = ["nothing", "a little", "half of it", "most of it", "all of it"]
HELD_OUT = "What may never be in the green bin?"


def publish_rules(slug: str = "edition-rules", *, effective_at: datetime | None = None) -> Any:
    """A version of rules that nobody is asked to accept."""
    version = publish_text(slug, purposes=(), effective_at=effective_at)
    version.document.kind = LegalKind.RULES
    version.document.save()
    return version


def draft_edition(
    slug: str = "first",
    *,
    rules: LegalVersion | None = None,
    zone: str = "Europe/Paris",
    **more: Any,
) -> Edition:
    """A whole edition that nobody sees yet, without phases."""
    challenge, _made = Challenge.objects.get_or_create(
        slug="impact", defaults={"name_en": "Impact", "name_fr": "Impact"}
    )
    edition = Edition.objects.create(
        challenge=challenge,
        slug=slug,
        name_en=f"Edition {slug}",
        name_fr=f"Édition {slug}",
        brief_en="Show what your documents can do.",
        brief_fr="Montrez ce que peuvent vos documents.",
        zone=zone,
        languages=["en", "fr"],
        rules=rules or publish_rules(f"rules-of-{slug}"),
        rules_notice_hours=more.pop("rules_notice_hours", 0),
        **more,
    )
    track = Track.objects.create(
        edition=edition, slug="water", kind=TrackKind.ENVIRONMENT, name_en="Water", name_fr="Eau"
    )
    Prize.objects.create(
        edition=edition, track=track, name_en="First", name_fr="Premier", amount=500, currency="EUR"
    )
    Criterion.objects.create(
        edition=edition,
        slug="impact",
        name_en="Impact",
        name_fr="Effet",
        weight=3,
        anchors_en=ANCHORS,
        anchors_fr=[f"{each} (fr)" for each in ANCHORS],
    )
    HeldOutQuestion.objects.create(edition=edition, text=HELD_OUT)
    return edition


def add_phase(
    edition: Edition,
    opens_at: datetime,
    closes_at: datetime,
    kind: str = PhaseKind.ENTRY,
    grace_minutes: int = 0,
) -> Phase:
    return Phase.objects.create(
        edition=edition,
        kind=kind,
        opens_at=opens_at,
        closes_at=closes_at,
        grace_minutes=grace_minutes,
    )


def publish_edition_now(organizer: Any = None, slug: str = "first") -> Edition:
    """Public, with a phase that opens tomorrow."""
    edition = draft_edition(slug, organizer=organizer)
    tomorrow = timezone.now() + timedelta(days=1)
    add_phase(edition, tomorrow, tomorrow + timedelta(days=30))
    return publish_edition(edition=edition, actor=None)


def begin(edition: Edition) -> Edition:
    """As if its phases had been set two days earlier: the first one is open since yesterday."""
    for phase in edition.phases.all():
        earlier = timedelta(days=2)
        Phase.objects.filter(pk=phase.pk).update(
            opens_at=phase.opens_at - earlier, closes_at=phase.closes_at - earlier
        )
    return Edition.objects.get(pk=edition.pk)
