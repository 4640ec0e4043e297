import random
from statistics import fmean

import pytest
from hypothesis import given
from hypothesis import strategies as st

from altiplano.challenges.review.intervals import (
    Interval,
    bootstrap_interval,
    rank_with_ties,
    wilson_interval,
)


def test_wilson_interval_is_that_of_the_textbook():
    interval = wilson_interval(successes=8, trials=10)
    assert interval.low == pytest.approx(0.4902, abs=1e-4)
    assert interval.high == pytest.approx(0.9433, abs=1e-4)
    none = wilson_interval(successes=0, trials=10)
    assert (none.low, none.high) == (0.0, pytest.approx(0.2775, abs=1e-4))


@given(trials=st.integers(0, 2000), data=st.data())
def test_wilson_interval_stays_a_share_around_its_value_and_mirrors(trials, data):
    successes = data.draw(st.integers(0, trials))
    interval = wilson_interval(successes=successes, trials=trials)
    mirrored = wilson_interval(successes=trials - successes, trials=trials)
    assert 0 <= interval.low <= interval.value <= interval.high <= 1
    assert interval.low == pytest.approx(1 - mirrored.high)
    if trials:
        surer = wilson_interval(successes=successes, trials=trials, confidence=0.8)
        assert interval.low <= surer.low
        assert surer.high <= interval.high


def test_nothing_tried_is_nothing_known():
    assert wilson_interval(successes=0, trials=0) == Interval(0.5, 0.0, 1.0, 0)


def test_impossible_shares_and_confidences_are_refused():
    with pytest.raises(ValueError, match="no share"):
        wilson_interval(successes=3, trials=2)
    with pytest.raises(ValueError, match="confidence"):
        wilson_interval(successes=1, trials=2, confidence=1.0)
    with pytest.raises(ValueError, match="mean of nothing"):
        bootstrap_interval([], seed="s")
    with pytest.raises(ValueError, match="outside"):
        Interval(2.0, 0.0, 1.0, 1)


@given(st.lists(st.floats(-100, 100), min_size=1, max_size=12))
def test_bootstrap_holds_the_mean_within_the_values_and_repeats(values):
    interval = bootstrap_interval(values, seed="s", resamples=60)
    assert interval.low <= interval.value <= interval.high
    assert interval.low >= min(values) - 1e-9
    assert interval.high <= max(values) + 1e-9
    assert interval == bootstrap_interval(values[::-1], seed="s", resamples=60)


def test_values_all_alike_leave_no_width_but_say_how_many_they_were():
    assert bootstrap_interval([0.3], seed="s") == Interval(0.3, 0.3, 0.3, 1)
    assert bootstrap_interval([2.0, 2.0], seed="s").n == 2


def test_values_next_to_nothing_apart_still_have_an_interval():
    interval = bootstrap_interval([0.0, 5e-324, 2e-200], seed="s", resamples=60)
    assert interval.low <= interval.value <= interval.high


def test_bootstrap_interval_holds_a_known_mean_about_as_often_as_it_says():
    """Skewed waiting times with mean 1, thirty at a time, 200 times."""
    lot = random.Random(7)
    held = 0
    for number in range(200):
        values = [lot.expovariate(1.0) for _ in range(30)]
        interval = bootstrap_interval(values, seed=str(number), resamples=300)
        held += interval.low <= 1.0 <= interval.high
    assert 0.88 <= held / 200 <= 0.98


def test_clearly_apart_entries_rank_one_after_the_other():
    places = rank_with_ties(
        [("c", Interval(1, 0, 2, 9)), ("a", Interval(9, 8, 10, 9)), ("b", Interval(5, 4, 6, 9))]
    )
    assert [(one.entry_id, one.rank, one.tied_with) for one in places] == [
        ("a", 1, ()),
        ("b", 2, ()),
        ("c", 3, ()),
    ]


def test_overlapping_entries_tie_and_a_chain_of_overlaps_does_not_tie_its_ends():
    places = rank_with_ties(
        [("a", Interval(9, 7, 11, 9)), ("b", Interval(7, 5, 9, 9)), ("c", Interval(5, 3, 6, 9))]
    )
    assert [(one.entry_id, one.rank, one.tied_with) for one in places] == [
        ("a", 1, ("b",)),
        ("b", 1, ("a",)),
        ("c", 2, ()),
    ]


@st.composite
def boards(draw):
    rows = draw(st.lists(st.tuples(*[st.integers(0, 20)] * 3), max_size=8))
    intervals = [sorted(row) for row in rows]
    return [(str(i), Interval(v, low, high, 5)) for i, (low, v, high) in enumerate(intervals)]


@given(boards(), st.randoms(use_true_random=False))
def test_rank_follows_the_published_rule_whatever_the_order(board, lot):
    places = rank_with_ties(board)
    shuffled = list(board)
    lot.shuffle(shuffled)
    assert rank_with_ties(shuffled) == places
    assert [one.rank for one in places] == sorted(one.rank for one in places)
    for one in places:
        assert one.rank == 1 + sum(o.interval.low > one.interval.high for o in places)
        for other in places:
            if one.rank < other.rank:
                assert one.interval.high > other.interval.high
            if other.entry_id in one.tied_with:
                assert one.entry_id in other.tied_with


def test_same_entry_twice_is_refused():
    one = ("a", Interval(1, 0, 2, 9))
    with pytest.raises(ValueError, match="twice"):
        rank_with_ties([one, one])


def test_mean_is_the_mean():
    assert bootstrap_interval([1.0, 2.0, 6.0], seed="s").value == fmean([1.0, 2.0, 6.0])
