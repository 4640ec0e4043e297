"""The histogram of times to the first word."""

from collections import Counter
from statistics import median_low

import pytest
from hypothesis import given
from hypothesis import strategies as st

from altiplano.runs.first_words import COLUMNS, LIMITS_MS, LONGEST_MS, column_of, median_of
from altiplano.runs.usage_models import AppUsage

TIMES = st.floats(min_value=1, max_value=LONGEST_MS)


def histogram(times: list[float]) -> list[int]:
    counts = Counter(column_of(each) for each in times)
    return [counts[column] for column in COLUMNS]


def test_every_step_is_a_column_of_the_counts():
    assert set(COLUMNS) <= {field.name for field in AppUsage._meta.get_fields()}


@pytest.mark.parametrize(
    ("milliseconds", "column"),
    [(0, "begun_in_250_ms"), (250, "begun_in_250_ms"), (251, "begun_in_500_ms"),
     (40_000, "begun_in_40000_ms"), (1e9, "begun_later")],
)  # fmt: skip
def test_time_is_counted_by_the_limit_it_kept(milliseconds, column):
    assert column_of(milliseconds) == column


@given(st.lists(TIMES, min_size=1, max_size=50))
def test_median_lies_in_the_step_of_the_real_one(times):
    found = median_of(histogram(times))
    real = column_of(median_low(times))
    bounds = dict(
        zip(COLUMNS, zip((0, *LIMITS_MS), (*LIMITS_MS, LONGEST_MS), strict=True), strict=True)
    )
    low, high = bounds[real]
    assert found is not None
    assert low <= found <= high


def test_median_of_evenly_spread_times_is_their_middle():
    assert median_of(histogram(list(range(1001, 1501)))) == pytest.approx(1250)


def test_nothing_has_no_median():
    assert median_of([0] * len(COLUMNS)) is None
