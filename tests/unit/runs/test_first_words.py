"""The histogram of times to the first word."""

from statistics import median_low

from hypothesis import given
from hypothesis import strategies as st

from altiplano.runs.first_words import MAX_BUCKET, bucket_of, median_of, middle_of

TIMES = st.floats(min_value=1, max_value=600_000)


@given(TIMES)
def test_middle_of_the_bucket_is_near_the_time(milliseconds):
    assert abs(middle_of(bucket_of(milliseconds)) / milliseconds - 1) < 0.07


@given(TIMES, TIMES)
def test_longer_times_never_fall_into_earlier_buckets(one, other):
    assert (bucket_of(one) <= bucket_of(other)) or one > other


@given(st.lists(TIMES, min_size=1, max_size=50))
def test_median_is_near_the_real_one(times):
    found = median_of((bucket_of(each), 1) for each in times)
    assert found is not None
    assert abs(found / median_low(times) - 1) < 0.07


def test_nothing_has_no_median():
    assert median_of([]) is None
    assert median_of([(3, 0)]) is None


def test_extremes_have_a_bucket():
    assert bucket_of(0) == bucket_of(-5) == 0
    assert bucket_of(1e12) == MAX_BUCKET
