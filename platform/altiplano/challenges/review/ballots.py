"""Ranked-choice votes, counted by the Schulze method, with everything published that was counted.

Source: Markus Schulze, "A new monotonic, clone-independent, reversal symmetric, and
condorcet-consistent single-winner election method", Social Choice and Welfare 36 (2011), 267-303.
Duels are measured by winning votes.

Why this method and not the instant run-off: a vote on an agenda needs an *order* of all proposals,
not one winner; a proposal that beats each other one in a duel must win; and moving a proposal up
on a ballot must never harm it. The run-off fails the last two.

The tie rule: proposals that the method cannot part share their place. Where a list or a budget
needs an order all the same, they follow a lot: the SHA-256 of ``seed`` and the proposal's id,
smallest first. The seed is made public before the vote opens, so that anybody can draw it again
and nobody can choose it.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Ballot:
    """Proposals from most to least wanted; those of one group are wanted alike.

    Proposals left out count as wanted less than all that are named, and alike among themselves.
    """

    groups: tuple[frozenset[str], ...]

    def __post_init__(self) -> None:
        named = [proposal for group in self.groups for proposal in group]
        if len(named) > len(set(named)):
            raise ValueError("A ballot names a proposal twice.")

    @classmethod
    def of(cls, *proposals: str) -> "Ballot":
        """A ballot without equal wishes, the most wanted first."""
        return cls(tuple(frozenset({proposal}) for proposal in proposals))


@dataclass(frozen=True, slots=True)
class Duel:
    """Two proposals compared on every ballot, and along every chain of other proposals."""

    first: str
    second: str
    votes_first: int
    votes_second: int
    path_first: int
    """Strength of the strongest chain of won duels from ``first`` to ``second``."""
    path_second: int

    @property
    def winner(self) -> str | None:
        if self.path_first == self.path_second:
            return None
        return self.first if self.path_first > self.path_second else self.second


@dataclass(frozen=True, slots=True)
class Round:
    """One place given: among ``remaining``, nobody beats any of ``placed``."""

    rank: int
    remaining: tuple[str, ...]
    placed: tuple[str, ...]
    """More than one where the method ties; in the order of the lot."""


@dataclass(frozen=True, slots=True)
class Count:
    """The whole count, enough to be done again by hand."""

    proposals: tuple[str, ...]
    ballots: int
    seed: str
    duels: tuple[Duel, ...]
    rounds: tuple[Round, ...]

    @property
    def order(self) -> tuple[str, ...]:
        """Every proposal, best first, lots drawn within ties."""
        return tuple(proposal for one in self.rounds for proposal in one.placed)

    @property
    def winners(self) -> tuple[str, ...]:
        return self.rounds[0].placed if self.rounds else ()


def count_ballots(*, proposals: Iterable[str], ballots: Sequence[Ballot], seed: str) -> Count:
    """The count; it depends on the ballots but not on their order, nor on that of the proposals."""
    names = sorted(set(proposals))
    for ballot in ballots:
        unknown = sorted(set().union(*ballot.groups) - set(names))
        if unknown:
            raise ValueError(f"A ballot names {unknown[0]}, which is not voted on.")
    votes = _count_duels(names, ballots)
    paths = _strongest_paths(names, votes)
    return Count(
        proposals=tuple(names),
        ballots=len(ballots),
        seed=seed,
        duels=tuple(
            Duel(a, b, votes[a, b], votes[b, a], paths[a, b], paths[b, a])
            for i, a in enumerate(names)
            for b in names[i + 1 :]
        ),
        rounds=_give_places(names, paths, seed),
    )


def draw_lot(proposal: str, *, seed: str) -> str:
    """The number, in hexadecimal, by which a proposal takes its turn within a tie."""
    return hashlib.sha256(f"{seed}\n{proposal}".encode()).hexdigest()


def _count_duels(names: list[str], ballots: Iterable[Ballot]) -> dict[tuple[str, str], int]:
    votes = {(a, b): 0 for a in names for b in names if a != b}
    for ballot in ballots:
        level = {name: len(ballot.groups) for name in names}
        level |= {name: i for i, group in enumerate(ballot.groups) for name in group}
        for a, b in votes:
            votes[a, b] += level[a] < level[b]
    return votes


def _strongest_paths(
    names: list[str], votes: Mapping[tuple[str, str], int]
) -> dict[tuple[str, str], int]:
    """Widest paths by Floyd and Warshall: a chain is as strong as its weakest won duel."""
    paths = {(a, b): votes[a, b] if votes[a, b] > votes[b, a] else 0 for a, b in votes}
    for via in names:
        for a, b in votes:
            if via not in (a, b):
                paths[a, b] = max(paths[a, b], min(paths[a, via], paths[via, b]))
    return paths


def _give_places(
    names: list[str], paths: Mapping[tuple[str, str], int], seed: str
) -> tuple[Round, ...]:
    """Take off the unbeaten again and again; "beats" has no circles (Schulze 2011, section 4.1)."""
    rounds: list[Round] = []
    remaining = list(names)
    rank = 1
    while remaining:
        placed = [
            a for a in remaining if all(paths[a, b] >= paths[b, a] for b in remaining if b != a)
        ]
        placed.sort(key=lambda proposal: (draw_lot(proposal, seed=seed), proposal))
        rounds.append(Round(rank=rank, remaining=tuple(remaining), placed=tuple(placed)))
        rank += len(placed)
        remaining = [name for name in remaining if name not in placed]
    return tuple(rounds)
