"""What the first page says of a challenge that goes on, or is about to begin."""

from datetime import datetime

from django.utils import timezone

from altiplano.challenges.calendar import State
from altiplano.challenges.models import Edition
from altiplano.challenges.queries import Now, published_editions, standing_of
from altiplano.web.landing import LandingPart


def open_edition() -> LandingPart | None:
    """The edition of which a phase is open, and closes first; else the one that opens first."""
    at = timezone.now()
    coming: list[tuple[bool, datetime, Edition, Now]] = []
    for edition in published_editions():
        now = standing_of(edition, at)
        change = now.phase.window.next_change(at) if now.phase else None
        if change is not None:
            coming.append((now.state is not State.OPEN, change, edition, now))
    if not coming:
        return None
    _is_later, _change, edition, now = min(coming, key=lambda each: each[:2])
    return LandingPart("challenges/_landing.html", {"edition": edition, "now": now, "at": at})
