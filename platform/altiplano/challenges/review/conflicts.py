"""Conflicts of interest, declared by people and computed from what the platform knows of them.

People forget, and lists go stale, so both are asked: OpenReview computes conflicts from profiles
and asks for declared ones as well, and so does this. Each conflict says where it comes from, so
that a reviewer can see why an entry is not theirs and an organizer can put a wrong one right.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from altiplano.challenges.review.mail_domains import house_of, house_of_domain

LOOK_BACK_YEARS = 3


class ConflictKind(StrEnum):
    OWN_ENTRY = "own_entry"
    SAME_ORGANIZATION = "same_organization"
    FORMER_ORGANIZATION = "former_organization"
    PAST_TEAM = "past_team"
    MAIL_DOMAIN = "mail_domain"
    DECLARED = "declared"


class ConflictSource(StrEnum):
    COMPUTED = "computed"
    DECLARED = "declared"


@dataclass(frozen=True, slots=True)
class Affiliation:
    """A time with an organization or in a team; ``until`` is ``None`` while it lasts."""

    id: str
    name: str
    until: date | None = None


@dataclass(frozen=True, slots=True)
class Person:
    """A reviewer, or a member of an entry's team."""

    id: str
    addresses: tuple[str, ...] = ()
    organizations: tuple[Affiliation, ...] = ()
    teams: tuple[Affiliation, ...] = ()
    """Teams of earlier editions; the present team is the entry's ``members``."""


@dataclass(frozen=True, slots=True)
class Contender:
    """An entry as far as conflicts go: who made it, for which organizations."""

    entry_id: str
    members: tuple[Person, ...]
    organizations: tuple[Affiliation, ...]
    domains: tuple[str, ...] = ()
    """Domains of the organizations' sites and mail."""


@dataclass(frozen=True, slots=True)
class Declaration:
    """What somebody said about a reviewer: the reviewer, or a team that knows them.

    It names an entry, an organization or a person; it reaches every entry that one has a part in.
    """

    reviewer_id: str
    target_id: str
    reason: str


@dataclass(frozen=True, slots=True, order=True)
class Conflict:
    """Why one reviewer must not see one entry. ``about`` is the id of what the two share."""

    reviewer_id: str
    entry_id: str
    kind: ConflictKind
    source: ConflictSource
    about: str
    reason: str
    """A sentence for organizers and the reviewer; names no other person."""


@dataclass(frozen=True, slots=True)
class _Link:
    kind: ConflictKind
    about: str
    reason: str


def find_conflicts(
    *,
    reviewers: Iterable[Person],
    contenders: Iterable[Contender],
    declarations: Iterable[Declaration] = (),
    today: date,
    look_back_years: int = LOOK_BACK_YEARS,
) -> tuple[Conflict, ...]:
    """Every conflict, sorted; several of one pair where there are several reasons.

    What ended longer than ``look_back_years`` ago no longer counts. A past team counts when any of
    its members is in the entry's team now, and organizations count through members as well as
    through the entry.
    """
    since = _years_before(today, look_back_years)
    declared: dict[str, list[Declaration]] = {}
    for declaration in declarations:
        declared.setdefault(declaration.reviewer_id, []).append(declaration)
    works = list(contenders)
    found: set[Conflict] = set()
    for reviewer in reviewers:
        for work in works:
            for link in _computed(reviewer, work, since):
                found.add(_conflict(reviewer, work, link, ConflictSource.COMPUTED))
            for link in _declared(declared.get(reviewer.id, ()), work):
                found.add(_conflict(reviewer, work, link, ConflictSource.DECLARED))
    return tuple(sorted(found))


def _conflict(reviewer: Person, work: Contender, link: _Link, source: ConflictSource) -> Conflict:
    return Conflict(reviewer.id, work.entry_id, link.kind, source, link.about, link.reason)


def _computed(reviewer: Person, work: Contender, since: date) -> Iterator[_Link]:
    if any(member.id == reviewer.id for member in work.members):
        yield _Link(ConflictKind.OWN_ENTRY, work.entry_id, "The reviewer is in the team.")
    yield from _shared_organizations(reviewer, work, since)
    yield from _shared_teams(reviewer, work, since)
    yield from _shared_houses(reviewer, work)


def _shared_organizations(reviewer: Person, work: Contender, since: date) -> Iterator[_Link]:
    """Present where both are there now, former where either has left within the time."""
    theirs = [*work.organizations, *(each for one in work.members for each in one.organizations)]
    ends = _ends(theirs, since)
    for own_id, own in _ends(reviewer.organizations, since).items():
        if own_id not in ends:
            continue
        other = ends[own_id]
        if own.until is None and other.until is None:
            yield _Link(
                ConflictKind.SAME_ORGANIZATION,
                own_id,
                f"Both belong to the organization {own.name}.",
            )
        else:
            until = min(each.until for each in (own, other) if each.until is not None)
            yield _Link(
                ConflictKind.FORMER_ORGANIZATION,
                own_id,
                f"Both belonged to the organization {own.name} until {until.isoformat()}.",
            )


def _shared_teams(reviewer: Person, work: Contender, since: date) -> Iterator[_Link]:
    theirs = _ends((team for member in work.members for team in member.teams), since)
    for own_id, own in _ends(reviewer.teams, since).items():
        if own_id in theirs:
            yield _Link(
                ConflictKind.PAST_TEAM,
                own_id,
                f"The reviewer was in the team {own.name} with a member of this one.",
            )


def _shared_houses(reviewer: Person, work: Contender) -> Iterator[_Link]:
    theirs = {house_of(address) for member in work.members for address in member.addresses}
    theirs |= {house_of_domain(domain) for domain in work.domains}
    own = {house_of(address) for address in reviewer.addresses}
    for house in sorted(each for each in own & theirs if each is not None):
        yield _Link(ConflictKind.MAIL_DOMAIN, house, f"Both have mail addresses at {house}.")


def _declared(declarations: Iterable[Declaration], work: Contender) -> Iterator[_Link]:
    targets = {work.entry_id, *(one.id for one in work.organizations)}
    for member in work.members:
        targets |= {member.id, *(one.id for one in member.organizations if one.until is None)}
    for declaration in declarations:
        if declaration.target_id in targets:
            yield _Link(ConflictKind.DECLARED, declaration.target_id, declaration.reason)


def _ends(affiliations: Iterable[Affiliation], since: date) -> Mapping[str, Affiliation]:
    """The affiliations that count, by id, each with its latest end."""
    latest: dict[str, Affiliation] = {}
    for one in affiliations:
        if one.until is not None and one.until < since:
            continue
        known = latest.get(one.id)
        if known is None or (known.until or date.max) < (one.until or date.max):
            latest[one.id] = one
    return latest


def _years_before(today: date, years: int) -> date:
    """The same day of an earlier year; 1 March for a leap day that year does not have."""
    try:
        return today.replace(year=today.year - years)
    except ValueError:
        return date(today.year - years, 3, 1)
