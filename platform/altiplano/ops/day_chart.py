"""Bars of one figure a day, as coordinates for an SVG that a template writes."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

WIDTH: Final = 640
HEIGHT: Final = 160
FOOT: Final = 30
HEAD: Final = 32
GAP: Final = 0.25


@dataclass(frozen=True, slots=True)
class Bar:
    """In the units of the view box; ``x`` and ``y`` of the upper left corner."""

    day: date
    value: int
    x: float
    y: float
    width: float
    height: float
    middle: float

    @property
    def label_y(self) -> float:
        """Just above the bar."""
        return self.y - 6


@dataclass(frozen=True, slots=True)
class DayChart:
    bars: tuple[Bar, ...]
    highest: int
    width: int = WIDTH
    height: int = HEIGHT
    floor: int = HEIGHT - FOOT


def draw_days(values: Sequence[tuple[date, int]]) -> DayChart:
    """The highest bar fills the room; without any figure every bar is flat."""
    highest = max((value for _, value in values), default=0)
    room, slot = HEIGHT - FOOT - HEAD, WIDTH / max(1, len(values))
    bars = []
    for number, (day, value) in enumerate(values):
        height = round(room * value / highest, 1) if highest else 0.0
        bars.append(
            Bar(
                day=day,
                value=value,
                x=round(slot * (number + GAP / 2), 1),
                y=round(HEIGHT - FOOT - height, 1),
                width=round(slot * (1 - GAP), 1),
                height=height,
                middle=round(slot * (number + 0.5), 1),
            )
        )
    return DayChart(tuple(bars), highest)
