from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from altiplano.challenges.review.scoring import (
    Criterion,
    Review,
    rank_scores,
    score_entries,
    score_review,
)

RUBRIC = (Criterion("impact", 3), Criterion("trust", 2), Criterion("reach", 1, 0, 10))


def scored(marks, criteria=RUBRIC, reviewer="r", entry="e"):
    return score_review(criteria=criteria, review=Review(reviewer, entry, marks))


def test_review_is_a_weighted_mean_in_points():
    score = scored({"impact": 4, "trust": 2, "reach": 5})
    assert score.points == Fraction(3 * 100 + 2 * 50 + 50, 6)
    assert score.covered == 1
    assert score.skipped == ()


def test_skipped_criterion_leaves_the_mean_of_the_others():
    score = scored({"impact": 4, "trust": 2, "reach": None})
    assert score.points == Fraction(3 * 100 + 2 * 50, 5)
    assert score.covered == Fraction(5, 6)
    assert score.skipped == ("reach",)
    assert score == scored({"impact": 4, "trust": 2})


def test_review_without_a_mark_has_no_points_and_no_part_in_the_mean():
    empty = scored({}, reviewer="empty")
    assert empty.points is None
    assert empty.covered == 0
    (entry,) = score_entries([empty, scored({"impact": 2}, reviewer="full")])
    assert (entry.points, entry.reviews) == (50, 1)
    assert score_entries([empty]) == ()


@given(
    marks=st.lists(st.integers(0, 4), min_size=2, max_size=6),
    weights=st.lists(st.integers(1, 9), min_size=6, max_size=6),
    data=st.data(),
)
def test_skipping_shifts_a_review_within_the_marks_it_keeps(marks, weights, data):
    rubric = [Criterion(f"c{i}", weights[i]) for i in range(len(marks))]
    given_marks = {f"c{i}": mark for i, mark in enumerate(marks)}
    skipped = data.draw(st.sampled_from(sorted(given_marks)))
    kept = {each: mark for each, mark in given_marks.items() if each != skipped}
    whole, partial = scored(given_marks, rubric).points, scored(kept, rubric).points
    assert 25 * min(kept.values()) <= partial <= 25 * max(kept.values())
    if partial == 25 * given_marks[skipped]:
        assert whole == partial, "judging what one would have judged anyway changes nothing"


@pytest.mark.parametrize("mark", [-1, 5])
def test_mark_off_the_scale_is_refused(mark):
    with pytest.raises(ValueError, match="off the scale"):
        scored({"impact": mark})


def test_rubric_that_makes_no_sense_is_refused():
    with pytest.raises(ValueError, match="no criterion beauty"):
        scored({"beauty": 1})
    with pytest.raises(ValueError, match="share one id"):
        scored({}, (Criterion("a", 1), Criterion("a", 2)))
    with pytest.raises(ValueError, match="no weight"):
        Criterion("a", 0)
    with pytest.raises(ValueError, match="empty scale"):
        Criterion("a", 1, 4, 4)


def test_entry_is_the_mean_of_its_reviews_each_counting_once():
    whole = scored({"impact": 4, "trust": 4, "reach": 10}, reviewer="a")
    gaps = scored({"reach": 0}, reviewer="b")
    (entry,) = score_entries([whole, gaps])
    assert (entry.points, entry.lowest, entry.highest, entry.reviews) == (50, 0, 100, 2)


def test_second_review_of_one_person_is_refused():
    one = scored({"impact": 1})
    with pytest.raises(ValueError, match="twice"):
        score_entries([one, one])


def test_equal_numbers_share_a_rank_and_the_next_is_skipped():
    ranked = rank_scores(
        {"d": Fraction(10), "b": Fraction(50), "c": Fraction(50), "a": Fraction(90)}
    )
    assert [(one.entry_id, one.rank, one.tied) for one in ranked] == [
        ("a", 1, False),
        ("b", 2, True),
        ("c", 2, True),
        ("d", 4, False),
    ]


def test_thirds_tie_exactly_where_floats_would_not():
    a = [Fraction(1, 10), Fraction(2, 10), Fraction(3, 10)]
    assert sum(map(float, a)) != sum(map(float, reversed(a)))
    ranked = rank_scores({"a": sum(a), "b": sum(reversed(a))}, places=9)
    assert [one.rank for one in ranked] == [1, 1]


def test_difference_that_is_not_shown_decides_nothing():
    points = {"a": Fraction(701, 10), "b": Fraction(702, 10)}
    assert [one.rank for one in rank_scores(points, places=0)] == [1, 1]
    assert [one.rank for one in rank_scores(points, places=1)] == [1, 2]


@given(st.dictionaries(st.text(min_size=1), st.fractions(0, 100), max_size=12))
def test_rank_is_one_more_than_the_number_ahead(points):
    ranked = rank_scores(points)
    assert sorted(one.entry_id for one in ranked) == sorted(points)
    for one in ranked:
        assert one.rank == 1 + sum(other.shown > one.shown for other in ranked)
        assert one.tied == (sum(other.shown == one.shown for other in ranked) > 1)
