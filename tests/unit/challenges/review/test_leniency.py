import itertools
import math
import random
from statistics import fmean

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from altiplano.challenges.review.leniency import Judgement, adjust_scores
from altiplano.challenges.review.leniency_model import fit_leniency
from altiplano.challenges.review.review_graph import Group, find_groups


def simulate(seed, *, entries=20, reviewers=8, each=3, leniency=8.0, noise=5.0):
    """True values and the reviews of a jury that was handed out by lot."""
    lot = random.Random(seed)
    truth = {f"e{i:02}": lot.gauss(60, 8) for i in range(entries)}
    strictness = {f"r{i}": lot.gauss(0, leniency) for i in range(reviewers)}
    # What the entries are worth before this jury: how strict it is on the whole, nobody can tell.
    jury = fmean(strictness.values())
    return {entry: value + jury for entry, value in truth.items()}, [
        Judgement(who, entry, value + strictness[who] + lot.gauss(0, noise))
        for entry, value in truth.items()
        for who in lot.sample(sorted(strictness), each)
    ]


def kendall_tau(first, second):
    """Pairs in the same order less pairs in the opposite order, as a share of all pairs."""
    pairs = list(itertools.combinations(sorted(first), 2))
    signs = [np.sign(first[a] - first[b]) * np.sign(second[a] - second[b]) for a, b in pairs]
    return sum(signs) / len(pairs)


def test_adjusted_scores_recover_a_known_order_better_than_raw_ones():
    """Sixty juries: eight reviewers, twenty entries, three reviews each."""
    gains = []
    raws = []
    for seed in range(60):
        truth, reviews = simulate(seed)
        rows = adjust_scores(reviews, draws=2).entries
        raw = kendall_tau(truth, {row.entry_id: row.raw for row in rows})
        adjusted = kendall_tau(truth, {row.entry_id: row.adjusted for row in rows})
        raws.append(raw)
        gains.append(adjusted - raw)
    assert fmean(gains) > 0.06
    assert sum(gain > 0 for gain in gains) > sum(gain < 0 for gain in gains) * 3
    assert fmean(raws) + fmean(gains) > 0.65


def test_adjusting_costs_next_to_nothing_where_reviewers_are_alike():
    gains = []
    for seed in range(40):
        truth, reviews = simulate(seed, leniency=0.0)
        rows = adjust_scores(reviews, draws=2).entries
        raw = kendall_tau(truth, {row.entry_id: row.raw for row in rows})
        gains.append(kendall_tau(truth, {row.entry_id: row.adjusted for row in rows}) - raw)
    assert fmean(gains) > -0.02


def test_intervals_hold_the_truth_about_as_often_as_they_say():
    held = []
    for seed in range(40):
        truth, reviews = simulate(seed, reviewers=10)
        rows = adjust_scores(reviews, draws=300).entries
        held += [row.low <= truth[row.entry_id] <= row.high for row in rows]
    assert 0.90 <= fmean(held) <= 0.99


def test_fit_agrees_with_the_equations_solved_outright():
    """Henderson's equations for the chosen ratio, without the short cut."""
    _, reviews = simulate(3, entries=6, reviewers=4, each=2)
    entries = sorted({one.entry_id for one in reviews})
    people = sorted({one.reviewer_id for one in reviews})
    points = np.array([one.points for one in reviews])
    entry_of = np.array([entries.index(one.entry_id) for one in reviews])
    reviewer_of = np.array([people.index(one.reviewer_id) for one in reviews])
    fit = fit_leniency(
        points=points, entry_of=entry_of, reviewer_of=reviewer_of,
        entries=len(entries), reviewers=len(people),
    )  # fmt: skip
    assert fit.ratio > 0
    x, z = np.eye(len(entries))[entry_of], np.eye(len(people))[reviewer_of]
    penalty = np.eye(len(people)) / fit.ratio
    left = np.block([[x.T @ x, x.T @ z], [z.T @ x, z.T @ z + penalty]])
    solution = np.linalg.solve(left, np.concatenate([x.T @ points, z.T @ points]))
    assert np.allclose(np.concatenate([fit.adjusted, fit.leniency]), solution)
    v = np.eye(len(points)) + fit.ratio * z @ z.T
    inverse = np.linalg.inv(v)
    gone = inverse - inverse @ x @ np.linalg.inv(x.T @ inverse @ x) @ x.T @ inverse
    assert fit.noise**2 == pytest.approx(points @ gone @ points / (len(points) - len(entries)))


def test_strict_and_lenient_reviewers_who_cross_are_told_apart():
    """Ten points apart, no chance at all: the true order comes out exactly."""
    truth = {"a": 50.0, "b": 55.0, "c": 60.0}
    offsets = {"strict": -10.0, "mild": 0.0, "lenient": 10.0}
    met = {"a": ("lenient", "mild"), "b": ("strict", "lenient"), "c": ("mild", "strict")}
    result = adjust_scores(
        [Judgement(who, e, truth[e] + offsets[who]) for e in truth for who in met[e]]
    )
    assert [row.entry_id for row in result.entries] == ["c", "b", "a"]
    for row in result.entries:
        assert row.adjusted == pytest.approx(truth[row.entry_id], abs=0.01)
    raw = {row.entry_id: row.raw for row in result.entries}
    assert raw == {"a": 55.0, "b": 55.0, "c": 55.0}, "raw scores stay what they are"
    leniency = {one.reviewer_id: one.points for one in result.reviewers}
    assert leniency == pytest.approx(offsets, abs=0.01)


@st.composite
def juries(draw):
    pairs = draw(st.sets(st.tuples(st.sampled_from("abcde"), st.sampled_from("xyz")), max_size=15))
    return [Judgement(who, entry, draw(st.integers(0, 100))) for entry, who in sorted(pairs)]


@given(juries(), st.randoms(use_true_random=False))
@settings(max_examples=60)
def test_order_of_reviews_changes_nothing_and_raw_is_the_plain_mean(reviews, lot):
    result = adjust_scores(reviews, draws=20)
    assert adjust_scores(lot.sample(reviews, len(reviews)), draws=20) == result
    for row in result.entries:
        own = [one.points for one in reviews if one.entry_id == row.entry_id]
        assert row.raw == pytest.approx(fmean(own))
        assert row.reviews == len(own)
        if row.low is not None:
            assert row.low <= row.adjusted <= row.high
            assert 1 <= row.rank_low <= row.rank_high <= len(result.entries)
    for group in result.groups:
        inside = [one.points for one in result.reviewers if one.reviewer_id in group.reviewers]
        assert math.fsum(inside) == pytest.approx(0, abs=1e-6), "leniency is relative to the group"


@given(juries(), st.integers(-50, 50))
@settings(max_examples=40)
def test_more_points_for_everybody_change_no_rank(reviews, more):
    raised = [Judgement(one.reviewer_id, one.entry_id, one.points + more) for one in reviews]
    before, after = adjust_scores(reviews, draws=2), adjust_scores(raised, draws=2)
    by_id = {row.entry_id: row for row in after.entries}
    for row in before.entries:
        assert by_id[row.entry_id].adjusted == pytest.approx(row.adjusted + more, abs=1e-3)


def test_reviewers_who_agree_leave_the_raw_scores():
    reviews = [Judgement(who, e, p) for e, p in (("a", 40), ("b", 70)) for who in "xyz"]
    result = adjust_scores(reviews)
    assert (result.noise, result.spread) == (0.0, 0.0)
    assert [(row.entry_id, row.adjusted, row.low, row.high) for row in result.entries] == [
        ("b", 70, 70, 70),
        ("a", 40, 40, 40),
    ]


def test_single_reviews_are_not_adjusted_and_nothing_is_said_about_certainty():
    result = adjust_scores([Judgement("x", "a", 10), Judgement("x", "b", 30)])
    assert result.noise is None
    assert result.spread is None
    for row in result.entries:
        assert row.adjusted == row.raw
        assert (row.low, row.rank_high, row.top_probability) == (None, None, None)


def test_person_with_few_reviews_is_corrected_less():
    """``often`` and ``once`` both give 20 points more than everybody else, in thirty juries."""
    generous = {f"e{i}": "often" for i in range(12)} | {"e12": "once"}
    often, once = [], []
    for seed in range(30):
        lot = random.Random(seed)
        reviews = [
            Judgement(who, entry, 60 + lot.uniform(-12, 12) + 20 * (who == generous[entry]))
            for entry in generous
            for who in (generous[entry], *lot.sample(["p", "q", "r", "s"], 2))
        ]
        people = adjust_scores(reviews, draws=2).reviewers
        found = {one.reviewer_id: one.points for one in people}
        often.append(found["often"])
        once.append(found["once"])
    assert 0 < fmean(once) < fmean(often) - 2


def test_chance_of_the_top_adds_up_and_knows_who_is_ahead():
    truth, reviews = simulate(2, leniency=2.0, noise=2.0)
    result = adjust_scores(reviews, top=3)
    chances = [row.top_probability for row in result.entries]
    assert sum(chances) == pytest.approx(3)
    best = max(truth, key=truth.__getitem__)
    assert next(r.top_probability for r in result.entries if r.entry_id == best) > 0.5
    assert chances[-1] < 0.01
    assert adjust_scores(reviews, top=3) == result
    assert adjust_scores(reviews, top=3, seed=1) != result


def test_jury_that_falls_apart_is_found_and_said():
    reviews = [Judgement(w, e, 50) for w, e in ("xa", "ya", "xb", "yb", "zc", "wc")]
    result = adjust_scores(reviews)
    assert not result.is_connected
    assert result.groups == (Group(("a", "b"), ("x", "y")), Group(("c",), ("w", "z")))
    assert adjust_scores([*reviews, Judgement("x", "c", 50)]).is_connected
    assert find_groups([]) == ()


def test_no_reviews_have_no_scores():
    result = adjust_scores([])
    assert (result.entries, result.reviewers, result.noise) == ((), (), None)
    assert result.is_connected


def test_second_judgement_of_a_pair_is_refused():
    with pytest.raises(ValueError, match="twice"):
        adjust_scores([Judgement("x", "a", 1), Judgement("x", "a", 2)])
