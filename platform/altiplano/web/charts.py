"""Charts that the server draws: plain SVG, so that they need no script and print well.

``web/components/_bar_chart.html`` shows a :class:`BarChart` with the same numbers in a table below.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from django.utils.formats import number_format
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe

WIDTH: Final = 640
HEIGHT: Final = 180
LEFT: Final = 56  # room for the numbers of the axis
TOP: Final = 12
BOTTOM: Final = 24  # room for the dates
MAX_TICKS: Final = 7
SMALLEST: Final = 1e-9
GAP: Final = 0.25  # of a bar's place


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar; lengths in units of the drawing. ``tick`` is empty where a label would crowd."""

    label: str
    text: str
    x: str
    y: str
    width: str
    height: str
    middle: str
    tick: str


@dataclass(frozen=True, slots=True)
class Line:
    """A horizontal line with the number it stands for."""

    y: str
    text_y: str
    text: str


@dataclass(frozen=True, slots=True)
class BarChart:
    """What the template draws; ``summary`` says in one sentence what the picture shows."""

    title: str
    summary: str
    label_heading: str
    empty_text: str
    bars: tuple[Bar, ...]
    lines: tuple[Line, ...]
    width: int = WIDTH
    height: int = HEIGHT
    left: int = LEFT
    label_x: int = LEFT - 8
    tick_y: int = HEIGHT - 6

    @property
    def is_empty(self) -> bool:
        return not self.bars or not self.lines

    def drawn_bars(self) -> SafeString:
        """The bars as SVG, written here because a template takes ten times as long for hundreds."""
        return mark_safe(  # noqa: S308 - texts are escaped, numbers are ours
            "".join(
                f'<rect class="chart-bar" x="{bar.x}" y="{bar.y}" width="{bar.width}" '
                f'height="{bar.height}" rx="1.5">'
                f"<title>{escape(bar.label)}: {escape(bar.text)}</title></rect>"
                for bar in self.bars
            )
        )


def say_short(value: float) -> str:
    """A number in the room that an axis has: 20000 is “20 k”, 1500000 “1.5 M”."""
    for size, sign in ((1_000_000, "M"), (1_000, "k")):
        if value >= 10 * size or (size == 1_000_000 and value >= size):
            return f"{_digits(value / size)}\u00a0{sign}"
    return _digits(value)


def _digits(value: float) -> str:
    whole = float(value).is_integer()
    return number_format(value, decimal_pos=0 if whole else 1, force_grouping=True)


def _number(value: float) -> str:
    return f"{value:.1f}".rstrip("0").rstrip(".")


def round_top(value: float) -> float:
    """The smallest of 1, 2, 4, 5, 10 times a power of ten that is at least ``value``.

    Of what is too little to be counted it is 0.
    """
    if value < SMALLEST:
        return 0.0
    power = 10.0 ** math.floor(math.log10(value))
    return next(step * power for step in (1, 2, 4, 5, 10) if step * power >= value * (1 - 1e-9))


def _shares_lettered(values: Sequence[tuple[str, float]], top: float) -> tuple[float, ...]:
    """Where the axis has lines: not in its middle when things are counted and that is half a thing."""
    counts = all(float(value).is_integer() for _, value in values)
    return (0.0, 1.0) if counts and not (top / 2).is_integer() else (0.0, 0.5, 1.0)


def draw_bars(
    values: Sequence[tuple[str, float]],
    *,
    title: str,
    summary: str,
    label_heading: str,
    empty_text: str,
    say: Callable[[float], str] = number_format,
) -> BarChart:
    """A chart with one bar for each (label, value ≥ 0), in the order given.

    ``say`` writes a value for people; the axis ends at a round number at or above the largest one,
    and is lettered by :func:`say_short`.
    Without a value above zero the chart is empty and shows ``empty_text``.
    """
    top = round_top(max((value for _, value in values), default=0.0))
    if not top:
        return BarChart(title, summary, label_heading, empty_text, bars=(), lines=())
    ground = HEIGHT - BOTTOM
    place = (WIDTH - LEFT) / len(values)
    every = math.ceil(len(values) / MAX_TICKS)
    bars = []
    for at, (label, value) in enumerate(values):
        height = (ground - TOP) * value / top
        x = LEFT + place * (at + GAP / 2)
        bars.append(
            Bar(
                label=label,
                text=say(value),
                x=_number(x),
                y=_number(ground - height),
                width=_number(place * (1 - GAP)),
                height=_number(height),
                middle=_number(x + place * (1 - GAP) / 2),
                tick=label if at % every == 0 else "",
            )
        )
    lines = tuple(
        Line(y=_number(y), text_y=_number(y + 4), text=say_short(top * share))
        for share in _shares_lettered(values, top)
        for y in (ground - (ground - TOP) * share,)
    )
    return BarChart(title, summary, label_heading, empty_text, bars=tuple(bars), lines=lines)
