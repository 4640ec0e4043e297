"""Who reviews what: the cheapest way to give every entry its reviews, found as a flow.

Source of the method: assignment as minimum-cost flow, as conferences share out papers (C. J. Taylor,
"On the optimal assignment of conference papers to reviewers", University of Pennsylvania, 2008);
solved exactly by the network simplex of networkx.

What is wished for is put in an order, and nothing lower in it is ever bought with something higher:

1. entries get all their reviews; where people are too few, the lack is spread, so that no entry
   goes without while another has three;
2. each entry has a reviewer from a sector that is not its own;
3. reviewers know the topics, and work is shared evenly: each further review of one person costs
   ``BALANCE`` more than the one before, each missing hundredth of expertise costs 1;
4. what is still equal is decided by lot, drawn from ``seed`` for every pair of reviewer and entry.

Constraints are not wished for, they hold: a pair that breaks one is not part of the flow at all.

All costs are whole numbers of any size and the lot leaves one cheapest answer, so the same people,
entries, edits and seed give the same assignment on every machine and in whatever order they come.
(Two answers stay equally cheap with a probability below one in a million million; the solver then
still takes the same one for the same version.)

networkx takes a moment to load and some seconds to solve hundreds of entries: call this in a job.
"""

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

import networkx as nx

from altiplano.challenges.review.eligibility import (
    Barrier,
    Edit,
    Entry,
    Pair,
    RefusedEdit,
    Reviewer,
    apply_edits,
    find_barriers,
)

BALANCE = 20
"""Five more reviews weigh as much as knowing nothing of the topic."""
_LOT_BITS = 64


class Lack(StrEnum):
    """Why a wish of an entry was not met."""

    TOO_FEW_ELIGIBLE = "too_few_eligible"
    """Not enough people may review it, whatever their load."""
    PEOPLE_ARE_FULL = "people_are_full"
    """Enough people may, but their capacity is needed for other entries just as much."""
    NO_OTHER_SECTOR = "no_other_sector"
    """Everybody who may review it is of its own sector."""
    OTHER_SECTOR_IS_FULL = "other_sector_is_full"
    """Those of other sectors who may review it are needed to give other entries their reviews."""
    SECTORS_KEPT_BY_HAND = "sectors_kept_by_hand"
    """Edits give it all its reviews, and none from another sector."""


@dataclass(frozen=True, slots=True)
class Shortfall:
    """One wish of an entry that is not met, with the figures that show why."""

    entry_id: str
    lack: Lack
    missing: int
    eligible: int
    full: int
    """How many of the eligible have no place left."""
    barriers: Mapping[Barrier, int]
    """How many people each constraint keeps away; one person may be kept away by several."""

    @property
    def reason(self) -> str:
        """The same in a sentence."""
        match self.lack:
            case Lack.TOO_FEW_ELIGIBLE:
                kept = ", ".join(f"{barrier.words}: {n}" for barrier, n in self.barriers.items())
                return (
                    f"Reviews missing: {self.missing}. Only {self.eligible} may review it ({kept})."
                )
            case Lack.PEOPLE_ARE_FULL:
                return (
                    f"Reviews missing: {self.missing}. {self.eligible} may review it, "
                    f"of whom {self.full} have no place left."
                )
            case Lack.NO_OTHER_SECTOR:
                return "Everybody who may review it is from its own sector."
            case Lack.OTHER_SECTOR_IS_FULL:
                return "Those from other sectors who may review it are needed for other entries."
            case Lack.SECTORS_KEPT_BY_HAND:
                return "All its reviewers were chosen by hand, and from its own sector."


@dataclass(frozen=True, slots=True)
class Assignment:
    """The pairs, sorted; what could not be had; and how it came about."""

    pairs: tuple[Pair, ...]
    shortfalls: tuple[Shortfall, ...]
    refused: tuple[RefusedEdit, ...]
    loads: Mapping[str, int]
    """Reviews of every reviewer, also of those who have none."""
    seed: str

    def reviewers_of(self, entry_id: str) -> tuple[str, ...]:
        return tuple(pair.reviewer_id for pair in self.pairs if pair.entry_id == entry_id)


def assign_reviewers(
    *,
    reviewers: Iterable[Reviewer],
    entries: Iterable[Entry],
    conflicts: Iterable[Pair],
    seed: str,
    reviews_per_entry: int = 3,
    edits: Sequence[Edit] = (),
) -> Assignment:
    """The best assignment under the constraints; edits by hand stay as they are.

    An edit that keeps a pair counts towards the entry's reviews and the reviewer's capacity; one
    that breaks a constraint is refused and said, never carried out.
    """
    if reviews_per_entry < 0:
        raise ValueError("An entry cannot have fewer than no reviews.")
    people = {one.id: one for one in sorted(reviewers, key=lambda one: one.id)}
    works = {one.id: one for one in sorted(entries, key=lambda one: one.id)}
    barriers = find_barriers(people, works, frozenset(conflicts))
    kept, refused = apply_edits(edits, people=people, works=works, barriers=barriers)
    flow = _Flow(people, works, barriers, kept, reviews_per_entry, seed)
    pairs = kept | flow.solve()
    loads = Counter(pair.reviewer_id for pair in pairs)
    return Assignment(
        pairs=tuple(sorted(pairs)),
        shortfalls=tuple(_explain(people, works, barriers, pairs, kept, reviews_per_entry)),
        refused=refused,
        loads={reviewer_id: loads[reviewer_id] for reviewer_id in people},
        seed=seed,
    )


@dataclass
class _Flow:
    """The network: every missing review is one unit on its way from the source to its entry."""

    people: Mapping[str, Reviewer]
    works: Mapping[str, Entry]
    barriers: Mapping[Pair, frozenset[Barrier]]
    kept: frozenset[Pair]
    wanted: int
    seed: str
    graph: nx.MultiDiGraph = field(default_factory=nx.MultiDiGraph)

    def solve(self) -> frozenset[Pair]:
        """The pairs added to those kept by hand."""
        have = Counter(pair.entry_id for pair in self.kept)
        needs = {each: self.wanted - have[each] for each in self.works if self.wanted > have[each]}
        self.graph.add_node("source", demand=-sum(needs.values()))
        self._add_people()
        for entry_id, need in needs.items():
            self._add_entry(self.works[entry_id], need)
        _, flow = nx.network_simplex(self.graph)
        return frozenset(
            pair
            for pair in self.barriers
            for channel in ("own", "other")
            if any(
                flow.get(("person", pair.reviewer_id), {})
                .get((channel, pair.entry_id), {})
                .values()
            )
        )

    def _add_people(self) -> None:
        """One edge per place, each dearer than the last, so that loads even out."""
        loads = Counter(pair.reviewer_id for pair in self.kept)
        for person in self.people.values():
            for place in range(loads[person.id], min(person.capacity, len(self.works))):
                self._add_edge("source", ("person", person.id), wish=BALANCE * place)

    def _add_entry(self, entry: Entry, need: int) -> None:
        """Reviews from the own sector pass a gate that charges for the last of them.

        A review that stays missing passes it too: lacking one does not count as having one from
        elsewhere.
        """
        self.graph.add_node(("entry", entry.id), demand=need)
        already = [self.people[p.reviewer_id] for p in self.kept if p.entry_id == entry.id]
        is_open = any(person.sector not in entry.sectors for person in already)
        for unit in range(need):
            is_last = unit == need - 1 and not is_open
            self._add_edge(("own", entry.id), ("entry", entry.id), sectors=int(is_last))
            self._add_edge(("other", entry.id), ("entry", entry.id))
            self._add_edge("source", ("own", entry.id), lacks=need - unit)
        for person in self.people.values():
            pair = Pair(person.id, entry.id)
            if pair in self.kept or self.barriers[pair]:
                continue
            channel = "own" if person.sector in entry.sectors else "other"
            self._add_edge(
                ("person", person.id),
                (channel, entry.id),
                wish=100 - expertise(person, entry),
                lot=_draw(self.seed, pair),
            )

    def _add_edge(
        self,
        start: object,
        end: object,
        *,
        lacks: int = 0,
        sectors: int = 0,
        wish: int = 0,
        lot: int = 0,
    ) -> None:
        """One unit may pass, at a price in which each wish outweighs all below it together."""
        units = max(1, len(self.works) * self.wanted)
        dearest_wish = BALANCE * max((p.capacity for p in self.people.values()), default=0) + 100
        price = ((lacks * (units + 1) + sectors) * (units * dearest_wish + 1) + wish) * (
            units << _LOT_BITS
        ) + lot
        self.graph.add_edge(start, end, capacity=1, weight=price)


def expertise(reviewer: Reviewer, entry: Entry) -> int:
    """Hundredths of the entry's topics that the reviewer knows; 100 for an entry without topics."""
    if not entry.topics:
        return 100
    return 100 * len(entry.topics & reviewer.topics) // len(entry.topics)


def _draw(seed: str, pair: Pair) -> int:
    text = f"{seed}\n{pair.reviewer_id}\n{pair.entry_id}"
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[: _LOT_BITS // 8])


def _explain(
    people: Mapping[str, Reviewer],
    works: Mapping[str, Entry],
    barriers: Mapping[Pair, frozenset[Barrier]],
    pairs: frozenset[Pair],
    kept: frozenset[Pair],
    wanted: int,
) -> Iterable[Shortfall]:
    """For every entry what it lacks, first in reviews, then in sectors."""
    loads = Counter(pair.reviewer_id for pair in pairs)
    by_hand = Counter(pair.entry_id for pair in kept)
    for entry in works.values():
        kept_away = {who: barriers[Pair(who, entry.id)] for who in people}
        eligible = [people[who] for who, why in kept_away.items() if not why]
        given = [people[who] for who in people if Pair(who, entry.id) in pairs]
        outside = [person for person in eligible if person.sector not in entry.sectors]
        lacks: list[tuple[Lack, int]] = []
        if missing := max(0, wanted - len(given)):
            few = len(eligible) < wanted
            lacks.append((Lack.TOO_FEW_ELIGIBLE if few else Lack.PEOPLE_ARE_FULL, missing))
        if given and not any(person.sector not in entry.sectors for person in given):
            if not outside:
                lacks.append((Lack.NO_OTHER_SECTOR, 1))
            elif by_hand[entry.id] >= wanted:
                lacks.append((Lack.SECTORS_KEPT_BY_HAND, 1))
            else:
                lacks.append((Lack.OTHER_SECTOR_IS_FULL, 1))
        counts = Counter(barrier for why in kept_away.values() for barrier in why)
        for lack, amount in lacks:
            yield Shortfall(
                entry_id=entry.id,
                lack=lack,
                missing=amount,
                eligible=len(eligible),
                full=sum(loads[one.id] >= one.capacity for one in eligible),
                barriers={barrier: counts[barrier] for barrier in Barrier if counts[barrier]},
            )
