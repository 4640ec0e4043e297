"""Days that are looked at together, and the steps in which a picture of them goes on."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from enum import Enum
from typing import Final

MOST_DAYS: Final = 31
MOST_WEEKS: Final = 26


class Step(Enum):
    """What one bar and one line of a table stand for."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"


@dataclass(frozen=True, slots=True)
class Period:
    """Days from ``first`` to ``last``, both included."""

    first: date
    last: date

    @property
    def length(self) -> int:
        return (self.last - self.first).days + 1

    @property
    def step(self) -> Step:
        """The smallest in which the period still can be taken in at a glance."""
        if self.length <= MOST_DAYS:
            return Step.DAY
        return Step.WEEK if self.length <= 7 * MOST_WEEKS else Step.MONTH

    def days(self) -> Iterator[date]:
        return (self.first + timedelta(days=number) for number in range(self.length))

    def pieces(self, days: int) -> Iterator["Period"]:
        """The period in parts of at most so many days, in order."""
        for number in range(0, self.length, days):
            first = self.first + timedelta(days=number)
            yield Period(first, min(self.last, first + timedelta(days=days - 1)))

    def spans(self, step: Step) -> list["Period"]:
        """The period in days, weeks from Monday, or months, without a gap and in order.

        The first and the last are as much of a week or month as lies in the period.
        """
        spans = []
        first = self.first
        while first <= self.last:
            last = min(self.last, _end_of(first, step))
            spans.append(Period(first, last))
            first = last + timedelta(days=1)
        return spans


def _end_of(day: date, step: Step) -> date:
    """The last day of the week or month that holds ``day``."""
    if step is Step.DAY:
        return day
    if step is Step.WEEK:
        return day + timedelta(days=6 - day.weekday())
    after = (day.replace(day=1) + timedelta(days=31)).replace(day=1)
    return after - timedelta(days=1)
