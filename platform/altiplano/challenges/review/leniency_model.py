"""The arithmetic of :mod:`~altiplano.challenges.review.leniency`: one eigenvalue problem.

With entries free and reviewers shrunk, the entries can be taken out of the equations, which leaves
one small matrix ``S`` of reviewers by reviewers. Once its eigenvectors are known, every amount of
shrinkage costs a division, so that all of them are tried, for the data and for every draw of the
bootstrap alike.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Vector = NDArray[np.float64]
Indices = NDArray[np.intp]

RATIOS: Vector = np.concatenate([[0.0], np.geomspace(1e-3, 1e4, 141)])
"""Amounts tried: variance of leniency over variance of chance. 0 corrects nothing."""


@dataclass(frozen=True, slots=True, eq=False)
class Design:
    """Who reviewed what, prepared once."""

    entry_of: Indices
    reviewer_of: Indices
    reviews: Vector
    """Reviews of each entry."""
    load: Vector
    """Reviews by each reviewer."""
    shares: Vector
    """Entries by reviewers: which part of the entry's mean comes from the reviewer."""
    values: Vector
    """Eigenvalues of ``S``."""
    vectors: Vector

    @property
    def freedom(self) -> int:
        """Reviews beyond the first of each entry: all that is known about chance and leniency."""
        return len(self.entry_of) - len(self.reviews)


@dataclass(frozen=True, slots=True, eq=False)
class Fit:
    """What the model says about one set of reviews."""

    design: Design
    raw: Vector
    adjusted: Vector
    leniency: Vector
    """Adds up to nought in every group of reviewers that hangs together."""
    ratio: float
    noise: float | None


def fit_leniency(
    *, points: Vector, entry_of: Indices, reviewer_of: Indices, entries: int, reviewers: int
) -> Fit:
    """The model fitted to the reviews; without second reviews, the raw scores and no ``noise``."""
    design = _design(entry_of, reviewer_of, entries, reviewers)
    raw, leniency, ratio, variance = _solve(design, points[np.newaxis])
    return Fit(
        design=design,
        raw=raw[0],
        adjusted=raw[0] - design.shares @ leniency[0],
        leniency=leniency[0],
        ratio=float(ratio[0]),
        noise=float(np.sqrt(variance[0])) if design.freedom else None,
    )


def simulate_entries(fit: Fit, *, draws: int, seed: int) -> Vector:
    """Adjusted scores, one row a draw, had the same entries met as good a jury on another day.

    Chance and leniency are drawn anew, the model is fitted anew, shrinkage and all. How large
    chance is, is drawn as well (from its chi-squared distribution), as few reviews tell it badly.
    The jury as a whole stays as strict as it is: that moves every entry alike and decides nothing.
    """
    design = fit.design
    if fit.noise is None:
        raise ValueError("Without second reviews there is no telling what chance does.")
    lot = np.random.default_rng(seed)
    noise = fit.noise * np.sqrt(design.freedom / lot.chisquare(design.freedom, size=(draws, 1)))
    chance = lot.standard_normal((draws, len(design.entry_of)))
    lenience = lot.standard_normal((draws, len(design.load))) * np.sqrt(fit.ratio)
    lenience -= lenience.mean(axis=1, keepdims=True)
    points = fit.adjusted[design.entry_of] + noise * (chance + lenience[:, design.reviewer_of])
    raw, leniency, _, _ = _solve(design, points)
    adjusted: Vector = raw - leniency @ design.shares.T
    return adjusted


def _design(entry_of: Indices, reviewer_of: Indices, entries: int, reviewers: int) -> Design:
    counts = np.zeros((entries, reviewers))
    np.add.at(counts, (entry_of, reviewer_of), 1.0)
    reviews, load = counts.sum(axis=1), counts.sum(axis=0)
    shares = counts / reviews[:, np.newaxis]
    values, vectors = np.linalg.eigh(np.diag(load) - counts.T @ shares)
    values = np.where(values < 1e-9 * max(1.0, float(load.max(initial=0.0))), 0.0, values)
    return Design(entry_of, reviewer_of, reviews, load, shares, values, vectors)


def _solve(design: Design, points: Vector) -> tuple[Vector, Vector, Vector, Vector]:
    """Raw scores, leniency, ratio and variance of chance, for every row of ``points`` by itself."""
    raw: Vector = points @ np.eye(len(design.reviews))[design.entry_of] / design.reviews
    rest = points - raw[:, design.entry_of]
    gathered = rest @ np.eye(len(design.load))[design.reviewer_of]
    turned = np.where(design.values > 0, gathered @ design.vectors, 0.0)
    ratio, variance = _choose_ratio(design, (rest**2).sum(axis=1), turned**2)
    weights = ratio[:, np.newaxis] / (1 + ratio[:, np.newaxis] * design.values)
    leniency = (turned * weights) @ design.vectors.T
    return raw, leniency, ratio, variance


def _choose_ratio(design: Design, rest: Vector, squares: Vector) -> tuple[Vector, Vector]:
    """The ratio of the highest restricted likelihood, in every row, and its variance of chance.

    Reviews that agree to the last digit leave nothing to explain, and ask for no correction.
    """
    if design.freedom == 0:
        return np.zeros(len(rest)), np.zeros(len(rest))
    spread = 1 + np.outer(RATIOS, design.values)
    explained = squares @ (RATIOS[:, np.newaxis] / spread).T
    floor = 1e-12 * np.maximum(rest, 1.0)[:, np.newaxis]
    unexplained = np.maximum(rest[:, np.newaxis] - explained, floor)
    deviance = design.freedom * np.log(unexplained) + np.log(spread).sum(axis=1)
    best = np.where(rest > floor[:, 0], np.argmin(deviance, axis=1), 0)
    variance = unexplained[np.arange(len(rest)), best] / design.freedom
    return RATIOS[best], np.where(rest > floor[:, 0], variance, 0.0)
