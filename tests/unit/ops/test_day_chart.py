"""The bars of the overview stay within their picture, whatever the figures."""

from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from altiplano.ops.day_chart import FOOT, HEAD, HEIGHT, WIDTH, draw_days

DAY = date(2026, 1, 1)


def days(values: list[int]) -> list[tuple[date, int]]:
    return [(DAY + timedelta(days=number), value) for number, value in enumerate(values)]


@given(st.lists(st.integers(0, 10**12), max_size=60))
def test_bars_stay_in_the_picture_and_in_order(values):
    chart = draw_days(days(values))
    assert [bar.value for bar in chart.bars] == values
    for bar in chart.bars:
        assert bar.x >= 0
        assert bar.x + bar.width <= WIDTH + 0.1
        assert HEAD - 0.1 <= bar.y <= HEIGHT - FOOT
        assert abs(bar.y + bar.height - (HEIGHT - FOOT)) < 0.11
    assert [bar.x for bar in chart.bars] == sorted(bar.x for bar in chart.bars)


@given(st.lists(st.integers(0, 1000), min_size=1, max_size=30))
def test_higher_figure_is_never_a_lower_bar(values):
    bars = draw_days(days(values)).bars
    for one in bars:
        for other in bars:
            assert one.value <= other.value or one.height >= other.height


def test_days_without_a_figure_are_flat():
    assert {bar.height for bar in draw_days(days([0, 0])).bars} == {0.0}
