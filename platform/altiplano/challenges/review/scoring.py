"""From a jury's marks to a list: one mean per review, one mean per entry, equal means sharing a rank.

Everything is a fraction until it is published, so that a tie is a tie: sums of floating-point
numbers would part entries by their last bit.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

FULL_MARKS = 100
"""Every scale is brought to points from 0 to this, so that criteria of unlike scales can be added."""


@dataclass(frozen=True, slots=True)
class Criterion:
    """One question of the rubric, marked from ``lowest`` to ``highest``."""

    id: str
    weight: int
    lowest: int = 0
    highest: int = 4

    def __post_init__(self) -> None:
        if self.weight <= 0:
            raise ValueError(f"Criterion {self.id} has no weight.")
        if self.lowest >= self.highest:
            raise ValueError(f"Criterion {self.id} has an empty scale.")

    def points(self, mark: int) -> Fraction:
        """The mark in points; refuses one that is off the scale."""
        if not self.lowest <= mark <= self.highest:
            raise ValueError(f"Mark {mark} is off the scale of criterion {self.id}.")
        return Fraction(FULL_MARKS * (mark - self.lowest), self.highest - self.lowest)


@dataclass(frozen=True, slots=True)
class Review:
    """The marks one reviewer gave one entry; a criterion left out, or ``None``, was not judged."""

    reviewer_id: str
    entry_id: str
    marks: Mapping[str, int | None]


@dataclass(frozen=True, slots=True)
class ReviewScore:
    """``points`` is ``None`` where nothing was judged; ``covered`` is the share of weight judged."""

    reviewer_id: str
    entry_id: str
    points: Fraction | None
    covered: Fraction
    skipped: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class EntryScore:
    """The mean of an entry's reviews, each counting once however much of the rubric it covers."""

    entry_id: str
    points: Fraction
    reviews: int
    lowest: Fraction
    highest: Fraction


@dataclass(frozen=True, slots=True)
class Ranked:
    """A place in a list. ``shown`` is what is published, and what decided the ``rank``."""

    entry_id: str
    rank: int
    shown: Fraction
    tied: bool


def score_review(*, criteria: Sequence[Criterion], review: Review) -> ReviewScore:
    """The weighted mean over the criteria that were judged.

    Dividing by the weight that was *used* is what makes it proof against gaps: skipping a criterion
    neither costs nor gives anything by itself. (A plain sum would punish the entry for it.)
    """
    by_id = {criterion.id: criterion for criterion in criteria}
    if len(by_id) < len(criteria):
        raise ValueError("Two criteria share one id.")
    unknown = sorted(set(review.marks) - set(by_id))
    if unknown:
        raise ValueError(f"The rubric has no criterion {unknown[0]}.")
    judged = {each: mark for each in by_id if (mark := review.marks.get(each)) is not None}
    used = sum(by_id[each].weight for each in judged)
    gained = sum(
        (by_id[each].weight * by_id[each].points(mark) for each, mark in judged.items()),
        start=Fraction(0),
    )
    return ReviewScore(
        reviewer_id=review.reviewer_id,
        entry_id=review.entry_id,
        points=gained / used if used else None,
        covered=Fraction(used, sum(one.weight for one in criteria)) if criteria else Fraction(0),
        skipped=tuple(each for each in by_id if each not in judged),
    )


def score_entries(scores: Iterable[ReviewScore]) -> tuple[EntryScore, ...]:
    """The entries that were judged at all, by id. Two reviews of one person are refused."""
    points: dict[str, dict[str, Fraction]] = {}
    for score in scores:
        if score.points is None:
            continue
        given = points.setdefault(score.entry_id, {})
        if score.reviewer_id in given:
            raise ValueError(f"{score.reviewer_id} judged {score.entry_id} twice.")
        given[score.reviewer_id] = score.points
    return tuple(
        EntryScore(
            entry_id=entry_id,
            points=sum(given.values(), start=Fraction(0)) / len(given),
            reviews=len(given),
            lowest=min(given.values()),
            highest=max(given.values()),
        )
        for entry_id, given in sorted(points.items())
    )


def rank_scores(points: Mapping[str, Fraction], *, places: int = 2) -> tuple[Ranked, ...]:
    """Highest first; whoever reads the same published number reads the same rank (1, 2, 2, 4).

    Numbers are rounded, half to even, to the ``places`` that are published *before* they are
    compared: a difference that nobody is shown decides nothing.
    """
    shown = {entry_id: Fraction(round(value, places)) for entry_id, value in points.items()}
    order = sorted(shown, key=lambda entry_id: (-shown[entry_id], entry_id))
    values = list(shown.values())
    return tuple(
        Ranked(
            entry_id=entry_id,
            rank=1 + sum(other > shown[entry_id] for other in values),
            shown=shown[entry_id],
            tied=values.count(shown[entry_id]) > 1,
        )
        for entry_id in order
    )
