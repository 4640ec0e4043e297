"""A period is cut into days, weeks from Monday or months, and nothing of it is lost."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from altiplano.runs.periods import Period, Step

PERIODS = st.builds(
    lambda first, length: Period(first, first + timedelta(days=length)),
    st.dates(date(2000, 1, 1), date(2100, 1, 1)),
    st.integers(0, 400),
)


@given(PERIODS, st.sampled_from(Step))
def test_spans_hold_every_day_once_and_in_order(period, step):
    spans = period.spans(step)
    assert [day for span in spans for day in span.days()] == list(period.days())


@given(PERIODS)
def test_span_begins_where_a_week_or_month_does(period):
    assert all(span.first.weekday() == 0 for span in period.spans(Step.WEEK)[1:])
    assert all(span.first.day == 1 for span in period.spans(Step.MONTH)[1:])
    assert all(span.length == 1 for span in period.spans(Step.DAY))


@pytest.mark.parametrize(
    ("days", "step", "spans"),
    [(1, Step.DAY, 1), (31, Step.DAY, 31), (32, Step.WEEK, 5), (90, Step.WEEK, 13),
     (182, Step.WEEK, 26), (183, Step.MONTH, 6), (366, Step.MONTH, 13)],
)  # fmt: skip
def test_step_suits_the_length(days, step, spans):
    monday = date(2026, 6, 1)
    period = Period(monday, monday + timedelta(days=days - 1))
    assert (period.step, len(period.spans(period.step))) == (step, spans)
