"""Times to the first word of an answer, kept as a histogram whose buckets grow by an eighth.

A median read from it is off by at most half a bucket, some 6 %, however many answers it stands for.
"""

import math
from collections.abc import Iterable
from typing import Final

PER_OCTAVE: Final = 6
MAX_BUCKET: Final = PER_OCTAVE * 20  # 17 minutes; no run takes so long


def bucket_of(milliseconds: float) -> int:
    """The bucket of a time; what is below a millisecond is in bucket 0."""
    if milliseconds <= 1:
        return 0
    return min(MAX_BUCKET, int(math.log2(milliseconds) * PER_OCTAVE))


def middle_of(bucket: int) -> float:
    """The time, in milliseconds, that stands for all in the bucket."""
    return float(2 ** ((bucket + 0.5) / PER_OCTAVE))


def median_of(counts: Iterable[tuple[int, int]]) -> float | None:
    """The median, in milliseconds, of (bucket, answers) pairs; None without an answer."""
    ordered = sorted(counts)
    total = sum(count for _, count in ordered)
    seen = 0
    for bucket, count in ordered:
        seen += count
        if count and seen * 2 >= total:
            return middle_of(bucket)
    return None
