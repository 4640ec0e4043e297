"""The public pages of a challenge: to be read by anybody, without an account and without a script."""

from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from altiplano.accounts.consent_queries import text_for_reader
from altiplano.challenges import queries
from altiplano.challenges.calendar import State, known_zones
from altiplano.challenges.models import Edition, Phase
from altiplano.challenges.queries import Now

ZONE_COOKIE = "zone"
ZONE_COOKIE_SECONDS = 365 * 24 * 3600


@dataclass(frozen=True, slots=True)
class PhaseRow:
    """A phase as a line of the calendar."""

    phase: Phase
    state: State


@dataclass(frozen=True, slots=True)
class EditionRow:
    """An edition in the list."""

    edition: Edition
    now: Now


@require_safe
def list_editions(request: HttpRequest) -> HttpResponse:
    """Every edition that was published, with where it stands."""
    at, zone = timezone.now(), reader_zone(request)
    editions = queries.published_editions()
    rows = [EditionRow(each, queries.standing_of(each, at)) for each in editions]
    context = {"rows": rows, "at": at, "reader_zone": zone}
    return _remember(request, render(request, "challenges/edition_list.html", context))


@require_safe
def show_edition(request: HttpRequest, edition: str) -> HttpResponse:
    """Dates first, then what is asked for, won and looked at, and by which rules."""
    found = queries.published_edition(edition)
    at = timezone.now()
    criteria = list(found.criteria.all())
    context = {
        "edition": found,
        "at": at,
        "now": queries.standing_of(found, at),
        "phases": [PhaseRow(each, each.window.state_at(at)) for each in found.phases.all()],
        "criteria": criteria,
        "weight_sum": sum(each.weight for each in criteria),
        "rules_text": text_for_reader(found.rules) if found.rules else None,
        "reader_zone": reader_zone(request),
        "zones": known_zones(),
    }
    return _remember(request, render(request, "challenges/edition.html", context))


def reader_zone(request: HttpRequest) -> str:
    """What the reader just chose, or this browser remembers; empty while neither is known."""
    for name in (request.GET.get(ZONE_COOKIE), request.COOKIES.get(ZONE_COOKIE)):
        if name in known_zones():
            return name
    return ""


def _remember(request: HttpRequest, response: HttpResponse) -> HttpResponse:
    """A zone that was chosen stays with this browser: a place's name, and nothing about a person."""
    chosen = request.GET.get(ZONE_COOKIE)
    if chosen in known_zones():
        response.set_cookie(
            ZONE_COOKIE,
            chosen,
            max_age=ZONE_COOKIE_SECONDS,
            secure=settings.SECURE_COOKIES,
            samesite="Lax",
        )
    return response


@require_safe
def tell_time(request: HttpRequest) -> HttpResponse:
    """The server's clock, for a countdown that woke up: milliseconds since 1970."""
    response = HttpResponse(str(_milliseconds(timezone.now())), content_type="text/plain")
    response.headers["Cache-Control"] = "no-store"
    return response


def _milliseconds(moment: datetime) -> int:
    return round(moment.timestamp() * 1000)
