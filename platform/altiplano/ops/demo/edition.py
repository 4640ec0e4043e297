"""A made-up edition of a challenge, so that its pages show something before an operator writes one."""

import json
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from django.db import transaction
from django.utils import timezone

from altiplano.accounts.consent_models import LegalDocument, LegalKind, LegalVersion
from altiplano.accounts.domain.legal import begin_version, publish_version
from altiplano.accounts.models import Organization, User
from altiplano.challenges.calendar import read_wall_time, wall_time
from altiplano.challenges.domain.editions import publish_edition
from altiplano.challenges.models import (
    Challenge,
    Criterion,
    Edition,
    Phase,
    PhaseKind,
    Prize,
    Track,
)
from altiplano.knowledge.models import Collection

WORDS = Path(__file__).parent / "edition.json"
SLUG = "demo"
RULES = "demo-rules"
ZONE = "Europe/Paris"
NOTICE_HOURS = 24
GRACE_MINUTES = 10
CALENDAR = (
    (PhaseKind.REGISTRATION, 3, 45),
    (PhaseKind.ENTRY, 17, 60),
    (PhaseKind.REVIEW, 61, 90),
    (PhaseKind.DECISION, 91, 100),
    (PhaseKind.APPEAL, 101, 115),
)
"""In which a phase opens in the morning of one day from now and closes late on another."""


def ensure_demo_edition(*, organizer: Organization, owner: User, collection: Collection) -> None:
    """The demo edition is public, unless an edition of its name has been there before."""
    if Edition.objects.filter(slug=SLUG).exists():
        return
    with transaction.atomic():
        edition = _edition(organizer, _rules(owner))
        edition.corpus.add(collection)
        publish_edition(edition=edition, actor=owner)


def _rules(owner: User) -> LegalVersion:
    """Rules that say that they are a demonstration, and that nobody is asked to accept."""
    document, _made = LegalDocument.objects.get_or_create(
        slug=RULES, defaults={"kind": LegalKind.RULES, "purposes": []}
    )
    public = document.versions.filter(published_at__isnull=False).order_by("-number").first()
    if public is not None:
        return public
    draft = document.versions.first() or begin_version(document=document, actor=None)
    for text in draft.texts.all():
        said = _words()["rules"][text.language]
        text.title, text.text = said["title"], said["text"]
        text.save()
    return publish_version(version=draft, actor=owner)


def _edition(organizer: Organization, rules: LegalVersion) -> Edition:
    words = _words()
    challenge, _made = Challenge.objects.get_or_create(slug=SLUG, defaults=words["challenge"])
    edition = Edition.objects.create(
        challenge=challenge,
        slug=SLUG,
        zone=ZONE,
        rules=rules,
        rules_notice_hours=NOTICE_HOURS,
        languages=["en", "fr"],
        organizer=organizer,
        **words["edition"],
    )
    tracks = {
        each["slug"]: Track.objects.create(edition=edition, position=place, **each)
        for place, each in enumerate(words["tracks"])
    }
    for place, each in enumerate(words["prizes"]):
        track = tracks.get(each.pop("track"))
        Prize.objects.create(edition=edition, track=track, position=place, **each)
    for place, each in enumerate(words["criteria"]):
        Criterion.objects.create(edition=edition, position=place, **each)
    today = timezone.now()
    for kind, first, last in CALENDAR:
        Phase.objects.create(
            edition=edition,
            kind=kind,
            opens_at=_at(today + timedelta(days=first), hour=9, minute=0),
            closes_at=_at(today + timedelta(days=last), hour=23, minute=59),
            grace_minutes=GRACE_MINUTES if kind is PhaseKind.ENTRY else 0,
        )
    return edition


def _words() -> dict[str, Any]:
    """What the edition says, in both languages."""
    words: dict[str, Any] = json.loads(WORDS.read_text(encoding="utf-8"))
    return words


def _at(day: datetime, *, hour: int, minute: int) -> datetime:
    """That time of the day in Paris, where clocks are only ever set at night."""
    wall = wall_time(day, ZONE).replace(hour=hour, minute=minute, second=0, microsecond=0)
    return read_wall_time(wall, ZONE)
