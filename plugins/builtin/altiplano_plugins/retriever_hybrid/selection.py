"""Choosing what is returned from what was ranked."""

from collections import Counter
from collections.abc import Callable, Sequence
from typing import TypeVar

T = TypeVar("T")


def select_with_cap(ranked: Sequence[T], *, k: int, cap: int, group: Callable[[T], str]) -> list[T]:
    """At most ``k`` of ``ranked``, in its order, at most ``cap`` of one group.

    The cap holds only as long as other groups have something: when they have not, the places
    left go to the best of those that it held back.
    """
    taken: Counter[str] = Counter()
    chosen: list[int] = []
    held_back: list[int] = []
    for position, item in enumerate(ranked):
        if len(chosen) == k:
            break
        if taken[group(item)] < cap:
            taken[group(item)] += 1
            chosen.append(position)
        else:
            held_back.append(position)
    chosen += held_back[: k - len(chosen)]
    return [ranked[position] for position in sorted(chosen)]
