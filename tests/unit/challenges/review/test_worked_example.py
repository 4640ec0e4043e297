"""The example that entrants read in docs/explanation/fair-review.md is what the code computes."""

import re
from pathlib import Path

import pytest

from altiplano.challenges.review.leniency import Judgement, adjust_scores
from altiplano.challenges.review.scoring import (
    Criterion,
    Review,
    rank_scores,
    score_entries,
    score_review,
)

PAGE = (Path(__file__).parents[4] / "docs/explanation/fair-review.md").read_text(encoding="utf-8")
RUBRIC = (Criterion("impact", 3), Criterion("trust", 2), Criterion("reach", 1))


def table(first_columns):
    """The rows of the page's table that begins with these columns."""
    body = PAGE.split(first_columns, 1)[1].split("\n\n", 1)[0].splitlines()[2:]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in body]


REVIEWS = table("| entry | reviewer |")
SCORES = {
    (entry, who): score_review(
        criteria=RUBRIC,
        review=Review(
            who,
            entry,
            {
                one.id: None if mark == "–" else int(mark)  # noqa: RUF001 - as the page has it
                for one, mark in zip(RUBRIC, marks, strict=True)
            },
        ),
    )
    for entry, who, *marks, _ in REVIEWS
}


def test_points_of_the_page_are_those_of_the_rubric():
    printed = {(entry, who): points for entry, who, *_, points in REVIEWS}
    assert len(printed) == 10
    assert {pair: f"{float(one.points):.1f}" for pair, one in SCORES.items()} == printed


def test_raw_scores_and_ranks_of_the_page_are_those_of_the_reviews():
    points = {one.entry_id: one.points for one in score_entries(SCORES.values())}
    ranked = rank_scores(points, places=1)
    printed = {row[0]: (row[1], row[2]) for row in table("| entry | raw |")}
    assert {one.entry_id: (f"{float(one.shown):.1f}", str(one.rank)) for one in ranked} == printed


def test_adjusted_scores_of_the_page_are_those_of_the_model():
    result = adjust_scores(
        [Judgement(who, entry, float(one.points)) for (entry, who), one in SCORES.items()], top=1
    )
    printed = table("| entry | raw |")
    assert [row.entry_id for row in result.entries] == [row[0] for row in printed]
    for row, (_, raw, raw_rank, adjusted, rank, between, ranks, first) in zip(
        result.entries, printed, strict=True
    ):
        assert (f"{row.raw:.1f}", str(row.raw_rank)) == (raw, raw_rank)
        assert (f"{row.adjusted:.1f}", str(row.adjusted_rank)) == (adjusted, rank)
        assert [row.low, row.high] == pytest.approx(
            list(map(float, between.split(" to "))), abs=0.3
        )
        assert f"{row.rank_low} to {row.rank_high}" == ranks
        assert 100 * row.top_probability == pytest.approx(float(first.removesuffix(" %")), abs=1)
    told = re.search(
        r"Chloe gives (\S+) points more .*? Ada (\S+) less and Ben (\S+)\s+less", PAGE, re.DOTALL
    )
    found = {one.reviewer_id: f"{abs(one.points):.1f}" for one in result.reviewers}
    assert (found["Chloe"], found["Ada"], found["Ben"]) == told.groups()
