"""Whether all entries of a jury can be compared at all.

Two entries can be compared fairly when a chain of shared reviewers leads from one to the other.
Where reviews fall apart into groups, no arithmetic can tell whether one group of reviewers was
lenient or its entries were good. Scores of different groups then stand side by side only on the
assumption that both groups were equally lenient on the whole, and the pages say so.
"""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Group:
    """Entries and reviewers that hang together."""

    entries: tuple[str, ...]
    reviewers: tuple[str, ...]


def find_groups(pairs: Iterable[tuple[str, str]]) -> tuple[Group, ...]:
    """The connected groups of (entry, reviewer) pairs, largest first."""
    reviewers_of: dict[str, set[str]] = {}
    entries_of: dict[str, set[str]] = {}
    for entry, reviewer in pairs:
        reviewers_of.setdefault(entry, set()).add(reviewer)
        entries_of.setdefault(reviewer, set()).add(entry)
    groups: list[Group] = []
    open_entries = set(reviewers_of)
    while open_entries:
        waiting = [min(open_entries)]
        entries: set[str] = set()
        reviewers: set[str] = set()
        while waiting:
            entry = waiting.pop()
            if entry in entries:
                continue
            entries.add(entry)
            for reviewer in reviewers_of[entry] - reviewers:
                reviewers.add(reviewer)
                waiting.extend(entries_of[reviewer] - entries)
        open_entries -= entries
        groups.append(Group(tuple(sorted(entries)), tuple(sorted(reviewers))))
    return tuple(sorted(groups, key=lambda group: (-len(group.entries), group.entries)))
