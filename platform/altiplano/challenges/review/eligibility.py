"""Who may review an entry at all, and which edits by hand may stand."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum


@dataclass(frozen=True, slots=True, order=True)
class Pair:
    reviewer_id: str
    entry_id: str


@dataclass(frozen=True, slots=True)
class Reviewer:
    """What a person has said about themselves; ``capacity`` is the most reviews they take."""

    id: str
    capacity: int
    sector: str
    tracks: frozenset[str]
    languages: frozenset[str]
    topics: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Entry:
    """``sectors`` are those of all organizations of its team, ``languages`` those it is offered in."""

    id: str
    track: str
    languages: frozenset[str]
    sectors: frozenset[str]
    topics: frozenset[str] = frozenset()


class Barrier(StrEnum):
    """What keeps a person from reviewing an entry."""

    CONFLICT = "conflict"
    TRACK = "track"
    LANGUAGE = "language"
    FORBIDDEN = "forbidden"

    @property
    def words(self) -> str:
        return {
            Barrier.CONFLICT: "in conflict",
            Barrier.TRACK: "not versed in its track",
            Barrier.LANGUAGE: "without its language",
            Barrier.FORBIDDEN: "taken off by hand",
        }[self]


class EditKind(StrEnum):
    KEEP = "keep"
    FORBID = "forbid"


@dataclass(frozen=True, slots=True)
class Edit:
    """A decision by hand about one pair, which no later run undoes."""

    pair: Pair
    kind: EditKind


class Refusal(StrEnum):
    """Why an edit was not carried out."""

    UNKNOWN = "unknown"
    """The reviewer or the entry is not part of this assignment (any more)."""
    BARRED = "barred"
    """A constraint forbids the pair."""
    FULL = "full"
    """Pairs kept by earlier edits take all that the reviewer can do."""


@dataclass(frozen=True, slots=True)
class RefusedEdit:
    edit: Edit
    refusal: Refusal
    barriers: frozenset[Barrier] = frozenset()


def find_barriers(
    people: Mapping[str, Reviewer], works: Mapping[str, Entry], conflicts: frozenset[Pair]
) -> dict[Pair, frozenset[Barrier]]:
    """Every pair of a reviewer and an entry, with all that keeps them apart."""
    found: dict[Pair, frozenset[Barrier]] = {}
    for person in people.values():
        for work in works.values():
            pair = Pair(person.id, work.id)
            holds = {
                Barrier.CONFLICT: pair in conflicts,
                Barrier.TRACK: work.track not in person.tracks,
                Barrier.LANGUAGE: not work.languages & person.languages,
            }
            found[pair] = frozenset(barrier for barrier, holds_here in holds.items() if holds_here)
    return found


def apply_edits(
    edits: Iterable[Edit],
    *,
    people: Mapping[str, Reviewer],
    works: Mapping[str, Entry],
    barriers: dict[Pair, frozenset[Barrier]],
) -> tuple[frozenset[Pair], tuple[RefusedEdit, ...]]:
    """The pairs to keep and the edits refused; forbidden pairs get a barrier in ``barriers``.

    The last edit of a pair counts. Where one person's kept pairs are too many, earlier edits win.
    """
    kept: list[Pair] = []
    refused: list[RefusedEdit] = []
    loads: Counter[str] = Counter()
    for edit in {edit.pair: edit for edit in edits}.values():
        pair = edit.pair
        if pair.reviewer_id not in people or pair.entry_id not in works:
            refused.append(RefusedEdit(edit, Refusal.UNKNOWN))
        elif edit.kind is EditKind.FORBID:
            barriers[pair] |= {Barrier.FORBIDDEN}
        elif barriers[pair]:
            refused.append(RefusedEdit(edit, Refusal.BARRED, barriers[pair]))
        elif loads[pair.reviewer_id] >= people[pair.reviewer_id].capacity:
            refused.append(RefusedEdit(edit, Refusal.FULL))
        else:
            loads[pair.reviewer_id] += 1
            kept.append(pair)
    return frozenset(kept), tuple(refused)
