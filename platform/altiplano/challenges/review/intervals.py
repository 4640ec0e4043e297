"""How sure a number is, and when two of them are too close to be told apart.

Sources: E. B. Wilson, "Probable inference, the law of succession, and statistical inference",
Journal of the American Statistical Association 22 (1927), for shares; B. Efron, "Better bootstrap
confidence intervals", Journal of the American Statistical Association 82 (1987), for means (the
bias-corrected and accelerated bootstrap, BCa).
"""

import math
import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import NormalDist, fmean

_NORMAL = NormalDist()
RESAMPLES = 2000


@dataclass(frozen=True, slots=True)
class Interval:
    """A value from ``n`` observations, and the range that its true value is believed to be in."""

    value: float
    low: float
    high: float
    n: int

    def __post_init__(self) -> None:
        if not self.low <= self.value <= self.high:
            raise ValueError(f"{self.value} lies outside of {self.low} to {self.high}.")

    def overlaps(self, other: "Interval") -> bool:
        return self.low <= other.high and other.low <= self.high


@dataclass(frozen=True, slots=True)
class LeaderboardPlace:
    """``rank`` counts who is *surely* ahead; ``tied_with`` names everybody of the same rank."""

    entry_id: str
    rank: int
    interval: Interval
    tied_with: tuple[str, ...]


def wilson_interval(*, successes: int, trials: int, confidence: float = 0.95) -> Interval:
    """The interval of a share; it never leaves 0 to 1, and is honest at 0 of 10 and 10 of 10.

    Without trials everything is possible: 0 to 1 around a value of 0.5 that means nothing.
    """
    if not 0 <= successes <= trials:
        raise ValueError(f"{successes} of {trials} is no share.")
    if trials == 0:
        return Interval(value=0.5, low=0.0, high=1.0, n=0)
    z = _NORMAL.inv_cdf((1 + _checked(confidence)) / 2)
    share = successes / trials
    spread = 1 + z * z / trials
    centre = (share + z * z / (2 * trials)) / spread
    half = z * math.sqrt(share * (1 - share) / trials + z * z / (4 * trials * trials)) / spread
    return Interval(
        value=share,
        low=0.0 if successes == 0 else min(share, max(0.0, centre - half)),
        high=1.0 if successes == trials else max(share, min(1.0, centre + half)),
        n=trials,
    )


def bootstrap_interval(
    values: Sequence[float], *, seed: str, confidence: float = 0.95, resamples: int = RESAMPLES
) -> Interval:
    """The BCa interval of a mean; the same values, in any order, and seed give the same interval.

    Values that are all the same, or a single one, give an interval of no width: they say nothing
    about how they might have varied. ``n`` lets the reader see that.
    """
    if not values:
        raise ValueError("There is no mean of nothing.")
    ordered = sorted(values)
    n = len(ordered)
    mean = fmean(ordered)
    if ordered[0] == ordered[-1]:
        return Interval(value=mean, low=mean, high=mean, n=n)
    lot = random.Random(seed)  # noqa: S311 - for repeating, not for secrecy
    means = sorted(fmean(lot.choices(ordered, k=n)) for _ in range(resamples))
    bias, acceleration = _bias(means, mean), _acceleration(ordered, mean)
    tail = (1 - _checked(confidence)) / 2
    low, high = (
        _quantile(means, _corrected(share, bias, acceleration)) for share in (tail, 1 - tail)
    )
    return Interval(value=mean, low=min(low, mean), high=max(high, mean), n=n)


def rank_with_ties(intervals: Iterable[tuple[str, Interval]]) -> tuple[LeaderboardPlace, ...]:
    """Ranks in which luck decides nothing. The rule, as published beside every leaderboard:

    *Your rank is one more than the number of entries whose whole interval lies above yours.*

    Overlapping is not handed on: of two entries that overlap, one may rank before the other because
    a third is surely ahead of the other alone. Nobody ever ranks before an entry whose interval
    reaches higher.
    """
    board = sorted(intervals, key=lambda one: (-one[1].value, one[0]))
    if len({entry_id for entry_id, _ in board}) < len(board):
        raise ValueError("An entry is on the board twice.")
    ranks = {
        entry_id: 1 + sum(other.low > own.high for _, other in board) for entry_id, own in board
    }
    board.sort(key=lambda one: ranks[one[0]])
    return tuple(
        LeaderboardPlace(
            entry_id=entry_id,
            rank=ranks[entry_id],
            interval=interval,
            tied_with=tuple(
                other for other, _ in board if other != entry_id and ranks[other] == ranks[entry_id]
            ),
        )
        for entry_id, interval in board
    )


def _checked(confidence: float) -> float:
    if not 0 < confidence < 1:
        raise ValueError(f"A confidence of {confidence} is none.")
    return confidence


def _bias(means: Sequence[float], mean: float) -> float:
    """How far the middle of the resampled means lies from the mean, in deviations."""
    below = sum(each < mean for each in means) + sum(each == mean for each in means) / 2
    share = min(max(below / len(means), 0.5 / len(means)), 1 - 0.5 / len(means))
    return _NORMAL.inv_cdf(share)


def _acceleration(values: Sequence[float], mean: float) -> float:
    """How the spread changes with the mean, from leaving out one value at a time."""
    widest = max(abs(value - mean) for value in values)
    if widest == 0:
        return 0.0
    # The measure knows no unit; in units of the widest shift its powers cannot vanish.
    shifts = [(value - mean) / widest for value in values]
    squares = math.fsum(shift**2 for shift in shifts)
    return math.fsum(shift**3 for shift in shifts) / (6 * math.pow(squares, 1.5))


def _corrected(share: float, bias: float, acceleration: float) -> float:
    z = bias + _NORMAL.inv_cdf(share)
    return _NORMAL.cdf(bias + z / max(1 - acceleration * z, 1e-9))


def _quantile(ordered: Sequence[float], share: float) -> float:
    position = share * (len(ordered) - 1)
    below = math.floor(position)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (position - below) * (ordered[above] - ordered[below])
