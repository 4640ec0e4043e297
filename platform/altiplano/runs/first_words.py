"""Times to the first word of an answer, kept as a histogram from which medians are read.

A histogram is a row of counts, one for each limit of ``LIMITS_MS`` and one for what took longer.
Inside a step the times are taken as evenly spread, so that a median is off by a few per cent.
"""

from bisect import bisect_left
from collections.abc import Sequence
from typing import Final

LIMITS_MS: Final = (
    250, 500, 750, 1000, 1500, 2000, 3000, 4000, 6000, 8000, 12_000, 20_000, 40_000,
)  # fmt: skip
COLUMNS: Final = (*(f"begun_in_{limit}_ms" for limit in LIMITS_MS), "begun_later")
LONGEST_MS: Final = 80_000
"""What is taken for the end of the last step, which has none."""


def column_of(milliseconds: float) -> str:
    """The column that counts an answer whose first word came after so long."""
    return COLUMNS[bisect_left(LIMITS_MS, milliseconds)]


def median_of(counts: Sequence[int]) -> float | None:
    """The median, in milliseconds, of the answers counted in ``COLUMNS``; None without any."""
    total = sum(counts)
    before, lower = 0, 0.0
    for count, upper in zip(counts, (*LIMITS_MS, LONGEST_MS), strict=True):
        if count and (before + count) * 2 >= total:
            return lower + (upper - lower) * (total / 2 - before) / count
        before, lower = before + count, float(upper)
    return None
