"""The charts that the server draws."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from altiplano.web.charts import HEIGHT, LEFT, WIDTH, draw_bars, round_top, say_short

WORDS = {
    "title": "Answers",
    "summary": "Answers per day.",
    "label_heading": "Day",
    "empty_text": "No answer yet.",
}


@pytest.mark.parametrize(
    ("value", "top"), [(0, 0), (1, 1), (3, 4), (4.1, 5), (7, 10), (130, 200), (0.03, 0.04)]
)
def test_axis_ends_at_a_round_number(value, top):
    assert round_top(value) == pytest.approx(top)


@pytest.mark.parametrize(
    ("value", "text"),
    [(0, "0"), (0.5, "0.5"), (9999, "9,999"), (20_000, "20\u00a0k"), (500_000, "500\u00a0k"),
     (1_500_000, "1.5\u00a0M"), (4e9, "4,000\u00a0M")],
)  # fmt: skip
def test_axis_is_lettered_in_little_room(value, text):
    assert say_short(value) == text


def test_chart_without_values_is_empty():
    assert draw_bars([], **WORDS).is_empty
    assert draw_bars([("Monday", 0.0)], **WORDS).is_empty


def test_bar_is_as_high_as_its_share_of_the_axis():
    chart = draw_bars([("Monday", 2.0), ("Tuesday", 1.0)], **WORDS)
    first, second = chart.bars
    assert float(first.height) == pytest.approx(2 * float(second.height), abs=0.2)
    assert [line.text for line in chart.lines] == ["0", "1", "2"]
    assert first.text == "2.0"


@given(st.lists(st.floats(min_value=0, max_value=1e12), min_size=1, max_size=120))
def test_every_bar_stays_inside_the_drawing(values):
    chart = draw_bars([(str(at), value) for at, value in enumerate(values)], **WORDS)
    for bar in chart.bars:
        assert float(bar.x) >= LEFT
        assert float(bar.x) + float(bar.width) <= WIDTH + 0.2
        assert 0 <= float(bar.y) <= HEIGHT
        assert float(bar.y) + float(bar.height) <= HEIGHT
    assert sum(bool(bar.tick) for bar in chart.bars) <= 8


def test_label_of_a_bar_stays_text():
    drawn = draw_bars([("<b>Monday", 2.0)], **WORDS).drawn_bars()
    assert "<b>" not in drawn
    assert "<title>&lt;b&gt;Monday: 2.0</title>" in drawn


@pytest.mark.parametrize(
    ("values", "letters"),
    [
        ([1.0], ["0", "1"]),
        ([5.0], ["0", "5"]),
        ([4.0], ["0", "2", "4"]),
        ([0.9], ["0", "0.5", "1"]),
    ],
)
def test_axis_of_counted_things_has_no_half_a_thing(values, letters):
    chart = draw_bars([(str(at), value) for at, value in enumerate(values)], **WORDS)
    assert [line.text for line in chart.lines] == letters
