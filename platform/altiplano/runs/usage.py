"""What an organization used, in a number of queries that grows with nothing.

Everything is read from counts by day (:mod:`altiplano.runs.usage_models`); days are UTC days.
"""

import uuid
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any, Final

from django.db.models import Case, Count, IntegerField, Sum, Value, When

from altiplano.accounts.models import Membership, User
from altiplano.knowledge.models import DocumentVersion
from altiplano.runs.first_words import COLUMNS, median_of
from altiplano.runs.periods import Period, Step
from altiplano.runs.usage_models import AppUsage, Door, PersonUsage
from altiplano.studio.models import App

APP_COUNTS: Final = (
    "asked", "abstained", "failed", "cancelled", "prompt_tokens", "completion_tokens", "helpful",
    "unhelpful",
)  # fmt: skip
PERSON_COUNTS: Final = ("asked", "failed", "cancelled", "prompt_tokens", "completion_tokens")
SHOWN_PEOPLE: Final = 20
PEOPLE_AT_ONCE: Final = 1000
DAYS_AT_ONCE: Final = 31


@dataclass(frozen=True, slots=True)
class Amounts:
    """How often was asked, what came of it, what it cost, and how soon the answers began."""

    asked: int = 0
    abstained: int = 0
    failed: int = 0
    cancelled: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    helpful: int = 0
    unhelpful: int = 0
    begun: tuple[int, ...] = (0,) * len(COLUMNS)

    @property
    def median_ms(self) -> float | None:
        """The median time to the first word."""
        return median_of(self.begun)

    @property
    def answered(self) -> int:
        return self.asked - self.failed - self.cancelled

    @property
    def tokens(self) -> int:
        return self.prompt_tokens + self.completion_tokens


@dataclass(frozen=True, slots=True)
class SpanUsage:
    """One day, week or month; ``people`` asked in it at all."""

    span: Period
    amounts: Amounts
    people: int


@dataclass(frozen=True, slots=True)
class Part:
    """One app, door or person with its amounts; ``name`` is empty for what is gone."""

    name: str
    amounts: Amounts
    app_id: uuid.UUID | None = None


@dataclass(frozen=True, slots=True)
class Usage:
    """``people`` are the busiest, ``people_count`` is how many asked at all.

    ``spans`` are the days, weeks or months of the period (:attr:`Period.step`).
    """

    period: Period
    total: Amounts
    spans: list[SpanUsage]
    apps: list[Part]
    doors: list[Part]
    people_count: int
    people: list[Part] = field(default_factory=list)

    @property
    def unlisted_people(self) -> int:
        return self.people_count - len(self.people)


@dataclass(frozen=True, slots=True)
class StoredCollection:
    name: str
    documents: int
    bytes: int


def read_usage(organization_id: uuid.UUID, period: Period, *, with_people: bool) -> Usage:
    """The organization's usage in the period; single people only where asked for."""
    by_place = read_places(organization_id, period)
    spans = read_spans(organization_id, period, period.step)
    people = PersonUsage.objects.within(organization_id).filter(
        day__range=(period.first, period.last)
    )
    return Usage(
        period=period,
        total=add_up(by_place.values()),
        spans=spans,
        apps=_parts_of_apps(organization_id, by_place),
        doors=[
            _part(str(door.label), [place for place in by_place if place[1] == door], by_place)
            for door in Door
        ],
        people_count=people.aggregate(count=Count("user_id", distinct=True))["count"],
        people=_busiest_people(organization_id, period) if with_people else [],
    )


def add_up(amounts: Iterable[Amounts]) -> Amounts:
    """The sum of each count."""
    rows = list(amounts)
    sums = {name: sum(getattr(each, name) for each in rows) for name in APP_COUNTS}
    begun = tuple(map(sum, zip(*(each.begun for each in rows), strict=True)))
    return Amounts(**sums, begun=begun) if rows else Amounts()


def _sums(names: Iterable[str]) -> dict[str, Sum]:
    """Under names of their own: Django takes an alias of a column for the column."""
    return {f"all_{name}": Sum(name) for name in names}


def _amounts(row: Mapping[str, Any], names: Sequence[str]) -> Amounts:
    return Amounts(**{name: row[f"all_{name}"] for name in names})


def read_spans(organization_id: uuid.UUID, period: Period, step: Step) -> list[SpanUsage]:
    """Every day, week or month, also those in which nothing was asked. Two queries."""
    rows = {
        row["day"]: _amounts(row, APP_COUNTS)
        for row in AppUsage.objects.within(organization_id)
        .filter(day__range=(period.first, period.last))
        .values("day")
        .annotate(**_sums(APP_COUNTS))
    }
    people = _count_people(organization_id, period, step)
    return [
        SpanUsage(
            span,
            add_up(rows[day] for day in span.days() if day in rows),
            people.get(span.last, 0),
        )
        for span in period.spans(step)
    ]


def _count_people(organization_id: uuid.UUID, period: Period, step: Step) -> dict[date, int]:
    """How many asked in each span, by its last day; spans in which nobody did are left out."""
    rows = PersonUsage.objects.within(organization_id).filter(
        day__range=(period.first, period.last)
    )
    if step is Step.DAY:  # a person has one row a day
        return dict(rows.values_list("day").annotate(count=Count("id")))
    spans = period.spans(step)
    # Compared with the ends in order: cheaper than to calculate the week of every row, for which
    # SQLite would have to ask Python.
    number = Case(
        *(When(day__lte=span.last, then=Value(at)) for at, span in enumerate(spans)),
        output_field=IntegerField(),
    )
    counted = rows.values_list(number).annotate(count=Count("user_id", distinct=True))
    return {spans[at].last: count for at, count in counted}


Place = tuple[uuid.UUID, str]


def read_places(organization_id: uuid.UUID, period: Period) -> dict[Place, Amounts]:
    """What was used of each app through each door. One query."""
    rows: Iterable[Mapping[str, Any]] = (
        AppUsage.objects.within(organization_id)
        .filter(day__range=(period.first, period.last))
        .values("app_id", "door")
        .annotate(**_sums((*APP_COUNTS, *COLUMNS)))
    )
    return {
        (row["app_id"], row["door"]): replace(
            _amounts(row, APP_COUNTS), begun=tuple(row[f"all_{column}"] for column in COLUMNS)
        )
        for row in rows
    }


def _part(
    name: str,
    places: Sequence[Place],
    by_place: Mapping[Place, Amounts],
    app_id: uuid.UUID | None = None,
) -> Part:
    return Part(
        name=name,
        amounts=add_up(by_place[place] for place in places),
        app_id=app_id,
    )


def _parts_of_apps(
    organization_id: uuid.UUID,
    by_place: Mapping[Place, Amounts],
) -> list[Part]:
    """The busiest first; apps that are gone are one part, without a name, at the end."""
    names = dict(App.objects.within(organization_id).values_list("id", "name"))
    groups: dict[uuid.UUID | None, list[Place]] = defaultdict(list)
    for place in by_place:
        groups[place[0] if place[0] in names else None].append(place)
    parts = [
        _part(names[app_id] if app_id else "", places, by_place, app_id)
        for app_id, places in groups.items()
    ]
    return sorted(parts, key=lambda part: (not part.name, -part.amounts.asked, part.name))


def _by_person(organization_id: uuid.UUID, period: Period) -> Any:
    return (
        PersonUsage.objects.within(organization_id)
        .filter(day__range=(period.first, period.last))
        .values("user_id")
        .annotate(**_sums(PERSON_COUNTS))
    )


def _busiest_people(organization_id: uuid.UUID, period: Period) -> list[Part]:
    rows = list(
        _by_person(organization_id, period).order_by("-all_asked", "user_id")[:SHOWN_PEOPLE]
    )
    return _parts_of_people(organization_id, rows)


def _parts_of_people(organization_id: uuid.UUID, rows: list[dict[str, Any]]) -> list[Part]:
    """People are named while they are members; who left has no name here any more."""
    members = Membership.objects.within(organization_id).values("user_id")
    names = {
        user.id: user.name or user.email
        for user in User.objects.filter(
            id__in=[row["user_id"] for row in rows], pk__in=members
        ).only("id", "name", "email")
    }
    return [Part(names.get(row["user_id"], ""), _amounts(row, PERSON_COUNTS)) for row in rows]


def all_people(organization_id: uuid.UUID, period: Period) -> Iterator[list[Part]]:
    """Everyone who asked, some at a time, in the order of their ids."""
    rows = _by_person(organization_id, period).order_by("user_id")
    piece = list(rows[:PEOPLE_AT_ONCE])
    while piece:
        yield _parts_of_people(organization_id, piece)
        piece = list(rows.filter(user_id__gt=piece[-1]["user_id"])[:PEOPLE_AT_ONCE])


@dataclass(frozen=True, slots=True)
class Detail:
    """One app through one door on one day."""

    day: date
    app: str
    door: str
    amounts: Amounts


def all_details(organization_id: uuid.UUID, period: Period) -> Iterator[list[Detail]]:
    """Every row of the counts, a month at a time."""
    names = dict(App.objects.within(organization_id).values_list("id", "name"))
    for piece in period.pieces(DAYS_AT_ONCE):
        rows = (
            AppUsage.objects.within(organization_id)
            .filter(day__range=(piece.first, piece.last))
            .order_by("day", "app_id", "door")
            .values("day", "app_id", "door", *APP_COUNTS)
        )
        yield [
            Detail(
                day=row["day"],
                app=names.get(row["app_id"], ""),
                door=row["door"],
                amounts=Amounts(**{name: row[name] for name in APP_COUNTS}),
            )
            for row in rows
        ]


def read_collections(organization_id: uuid.UUID) -> list[StoredCollection]:
    """What each collection keeps now, the largest first. One query."""
    rows = (
        DocumentVersion.objects.within(organization_id)
        .values("document__collection_id", "document__collection__name")
        .annotate(documents=Count("document_id", distinct=True), all_bytes=Sum("bytes"))
        .order_by("-all_bytes", "document__collection_id")
    )
    return [
        StoredCollection(row["document__collection__name"], row["documents"], row["all_bytes"])
        for row in rows
    ]
