"""Reads about challenges: what everybody may see of them."""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Prefetch, Q, QuerySet
from django.utils.translation import gettext_lazy as _

from altiplano.challenges.calendar import State
from altiplano.challenges.models import Criterion, Edition, Extension, Phase, Prize, Track
from altiplano.kernel.errors import NotFoundError
from altiplano.knowledge.models import Collection

PHASES = Prefetch(
    "phases",
    Phase.objects.order_by("opens_at", "closes_at", "id").prefetch_related(
        Prefetch("extensions", Extension.objects.order_by("extended_at", "id"))
    ),
)
ANSWERING = Q(documents__active_version__isnull=False, documents__deleted_at=None)


@dataclass(frozen=True, slots=True)
class Now:
    """The phase that an edition is in, or the next one, or the last; None while it has none."""

    phase: Phase | None
    state: State


def published_editions() -> QuerySet[Edition]:
    """What anybody may read, the newest first, with phases and their extensions. 3 queries."""
    return (
        Edition.objects.filter(published_at__isnull=False)
        .select_related("challenge", "organizer", "rules__document")
        .prefetch_related(PHASES)
        .order_by("-published_at", "-id")
    )


def published_edition(slug: str) -> Edition:
    """With all that its page shows, in a fixed number of queries.

    Held-out questions are no part of it. Raises NotFoundError, also for what is a draft.
    """
    found = published_editions().filter(slug=slug).prefetch_related(
        Prefetch("tracks", Track.objects.order_by("position", "slug")),
        Prefetch("prizes", Prize.objects.select_related("track").order_by("position", "id")),
        Prefetch("criteria", Criterion.objects.order_by("position", "slug")),
        Prefetch("corpus", _shared_collections()),
    )  # fmt: skip
    edition = found.first() if "\x00" not in slug else None
    if edition is None:
        raise NotFoundError(_("There is no such edition."))
    return edition


def _shared_collections() -> QuerySet[Collection]:
    """By name, each with how many of its documents answer."""
    ready = Count("documents", filter=ANSWERING)
    return Collection.unscoped.annotate(document_count=ready).order_by("name", "id")


def standing_of(edition: Edition, at: datetime) -> Now:
    """Where the edition is: what closes next among what is open, else what opens next."""
    phases = list(edition.phases.all())
    open_now = [each for each in phases if each.window.state_at(at) is State.OPEN]
    to_come = [each for each in phases if each.window.state_at(at) is State.TO_COME]
    if open_now:
        return Now(min(open_now, key=lambda each: each.closes_at), State.OPEN)
    if to_come:
        return Now(min(to_come, key=lambda each: each.opens_at), State.TO_COME)
    last = max(phases, key=lambda each: each.window.ends_at, default=None)
    return Now(last, last.window.state_at(at) if last else State.TO_COME)
