"""Scores as they would be had every reviewer been equally strict, with how sure that is.

Some reviewers give more than others. An entry that met three strict ones is then behind for no
fault of its own. The model behind the adjusted view says: *points = entry + reviewer + chance*.

- An entry's value is free. It is never pulled towards the middle, however few reviews it has.
- A reviewer's leniency is shrunk towards nought (ridge regression): a person with two reviews is
  hardly corrected, one with twenty nearly in full. How strongly is not chosen but estimated: with
  reviewers who differ by chance alone, the adjusted scores are the raw ones.

Sources: best linear unbiased prediction, C. R. Henderson, Biometrics 31 (1975); the amount of
shrinkage by restricted maximum likelihood, H. D. Patterson and R. Thompson, Biometrika 58 (1971);
ranks from a parametric bootstrap, B. Efron and R. Tibshirani, "An introduction to the bootstrap"
(1993), chapter 21.

Adjusted scores stand beside the raw ones; nothing here replaces or hides a raw score.

numpy takes a moment to load: call this in a job, or late.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from altiplano.challenges.review.leniency_model import Fit, fit_leniency, simulate_entries
from altiplano.challenges.review.review_graph import Group, find_groups

DRAWS = 2000
CONFIDENCE = 0.95


@dataclass(frozen=True, slots=True)
class Judgement:
    """The points one reviewer gave one entry."""

    reviewer_id: str
    entry_id: str
    points: float


@dataclass(frozen=True, slots=True)
class AdjustedEntry:
    """One entry's raw and adjusted score, side by side.

    ``low`` and ``high`` bound the adjusted score before a jury as strict on the whole as this one, ``rank_low`` and ``rank_high`` its rank. All four
    and ``top_probability`` are ``None`` where there are too few reviews to say how sure anything is.
    """

    entry_id: str
    reviews: int
    raw: float
    raw_rank: int
    adjusted: float
    adjusted_rank: int
    low: float | None
    high: float | None
    rank_low: int | None
    rank_high: int | None
    top_probability: float | None
    """How probably the entry is among the ``top`` best."""


@dataclass(frozen=True, slots=True)
class ReviewerLeniency:
    """How many points the reviewer gives above (or below) the others, after shrinkage."""

    reviewer_id: str
    reviews: int
    points: float


@dataclass(frozen=True, slots=True)
class Adjustment:
    """Everything the adjusted view shows, and what is needed to compute it again."""

    entries: tuple[AdjustedEntry, ...]
    """Best adjusted score first."""
    reviewers: tuple[ReviewerLeniency, ...]
    groups: tuple[Group, ...]
    """More than one where the reviews fall apart, see :func:`~.review_graph.find_groups`."""
    noise: float | None
    """Deviation, in points, of one review of one entry; ``None`` where it cannot be estimated."""
    spread: float | None
    """Deviation, in points, of the reviewers' leniency; 0 where they differ by chance alone."""
    top: int
    seed: int

    @property
    def is_connected(self) -> bool:
        """Whether every two entries can be compared through reviewers they share."""
        return len(self.groups) <= 1


def adjust_scores(
    judgements: Iterable[Judgement], *, top: int = 3, seed: int = 0, draws: int = DRAWS
) -> Adjustment:
    """The adjusted view of all reviews of one edition or track.

    The order of the judgements changes nothing. Two judgements of one pair are refused.
    """
    given = sorted(judgements, key=lambda one: (one.entry_id, one.reviewer_id))
    pairs = {(one.entry_id, one.reviewer_id) for one in given}
    if len(pairs) < len(given):
        raise ValueError("A reviewer judged an entry twice.")
    entry_ids = sorted({one.entry_id for one in given})
    reviewer_ids = sorted({one.reviewer_id for one in given})
    fit = fit_leniency(
        points=np.array([one.points for one in given], dtype=np.float64),
        entry_of=np.array([entry_ids.index(one.entry_id) for one in given], dtype=np.intp),
        reviewer_of=np.array([reviewer_ids.index(one.reviewer_id) for one in given], dtype=np.intp),
        entries=len(entry_ids),
        reviewers=len(reviewer_ids),
    )
    return Adjustment(
        entries=_describe(entry_ids, fit, top=top, seed=seed, draws=draws),
        reviewers=tuple(
            ReviewerLeniency(reviewer_id, int(fit.design.load[i]), float(fit.leniency[i]))
            for i, reviewer_id in enumerate(reviewer_ids)
        ),
        groups=find_groups(pairs),
        noise=fit.noise,
        spread=None if fit.noise is None else fit.noise * float(np.sqrt(fit.ratio)),
        top=top,
        seed=seed,
    )


def _describe(
    entry_ids: list[str], fit: Fit, *, top: int, seed: int, draws: int
) -> tuple[AdjustedEntry, ...]:
    tail = (1 - CONFIDENCE) / 2
    raw_ranks, ranks = _ranks(fit.raw[np.newaxis])[0], _ranks(fit.adjusted[np.newaxis])[0]
    bounds = rank_bounds = chances = None
    if fit.noise is not None and entry_ids:
        drawn = simulate_entries(fit, draws=draws, seed=seed)
        drawn_ranks = _ranks(drawn)
        bounds = np.quantile(drawn, [tail, 1 - tail], axis=0)
        rank_bounds = np.quantile(drawn_ranks, [tail, 1 - tail], axis=0, method="nearest")
        chances = np.mean(drawn_ranks <= top, axis=0)
    rows = [
        AdjustedEntry(
            entry_id=entry_id,
            reviews=int(fit.design.reviews[i]),
            raw=float(fit.raw[i]),
            raw_rank=int(raw_ranks[i]),
            adjusted=float(fit.adjusted[i]),
            adjusted_rank=int(ranks[i]),
            low=None if bounds is None else min(float(bounds[0, i]), float(fit.adjusted[i])),
            high=None if bounds is None else max(float(bounds[1, i]), float(fit.adjusted[i])),
            rank_low=None if rank_bounds is None else int(rank_bounds[0, i]),
            rank_high=None if rank_bounds is None else int(rank_bounds[1, i]),
            top_probability=None if chances is None else float(chances[i]),
        )
        for i, entry_id in enumerate(entry_ids)
    ]
    return tuple(sorted(rows, key=lambda row: (row.adjusted_rank, row.entry_id)))


def _ranks(scores: NDArray[np.float64]) -> NDArray[np.intp]:
    """Rank in each row, 1 the best; scores equal to nine decimals share one."""
    rounded = np.sort(np.round(scores, 9), axis=1)
    ranks = np.empty(scores.shape, dtype=np.intp)
    for row in range(len(scores)):
        ahead = np.searchsorted(rounded[row], np.round(scores[row], 9), side="right")
        ranks[row] = 1 + scores.shape[1] - ahead
    return ranks
