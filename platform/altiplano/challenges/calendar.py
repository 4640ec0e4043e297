"""Instants, windows and wall clocks of a challenge: plain functions over time, free of Django.

An instant is kept in UTC and a zone by its IANA name. Whatever a wall clock shows somewhere is worked
out from these two, so everybody in the world has the same deadline, whatever their clocks do that day.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

AREAS = (
    "Africa/", "America/", "Antarctica/", "Arctic/", "Asia/", "Atlantic/", "Australia/", "Europe/",
    "Indian/", "Pacific/",
)  # fmt: skip


class WallTimeError(ValueError):
    """What a clock on the wall is said to show is not one instant."""


class SkippedTimeError(WallTimeError):
    """Clocks there were set forward past it, or the calendar has no room for it."""


class RepeatedTimeError(WallTimeError):
    """Clocks there were set back, and showed it twice."""


class State(StrEnum):
    """How a window stands to a moment."""

    TO_COME = "to-come"
    OPEN = "open"
    GRACE = "grace"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class Window:
    """From ``opens_at`` up to, and without, ``closes_at``; then the grace, which is part of no promise.

    What arrives within the grace is taken all the same, as if it had been on its way.
    """

    opens_at: datetime
    closes_at: datetime
    grace: timedelta = timedelta(0)

    def __post_init__(self) -> None:
        if self.opens_at.tzinfo is None or self.closes_at.tzinfo is None:
            raise ValueError("A window is made of instants, with their zone.")
        if self.closes_at <= self.opens_at or self.grace < timedelta(0):
            raise ValueError("A window closes after it opens.")

    @property
    def ends_at(self) -> datetime:
        """From here on nothing is taken any more."""
        return self.closes_at.astimezone(UTC) + self.grace

    def state_at(self, moment: datetime) -> State:
        if moment < self.opens_at:
            return State.TO_COME
        if moment < self.closes_at:
            return State.OPEN
        return State.GRACE if moment < self.ends_at else State.CLOSED

    def accepts(self, moment: datetime) -> bool:
        """Whether what arrives then is in time, the grace included."""
        return self.opens_at <= moment < self.ends_at

    def next_change(self, moment: datetime) -> datetime | None:
        """When it opens, or else when it closes; None once that is past."""
        if moment < self.opens_at:
            return self.opens_at
        return self.closes_at if moment < self.closes_at else None


@cache
def known_zones() -> tuple[str, ...]:
    """The names that a person may choose from, places by continent, and UTC."""
    places = (name for name in available_timezones() if name.startswith(AREAS))
    return ("UTC", *sorted(places))


def read_wall_time(wall: datetime, zone: str) -> datetime:
    """The instant, in UTC, at which clocks in the zone show ``wall``.

    Raises SkippedTimeError or RepeatedTimeError when there is none, or more than one.
    """
    place = ZoneInfo(zone)
    found = set()
    for fold in (0, 1):
        try:
            instant = wall.replace(tzinfo=place, fold=fold).astimezone(UTC)
            if instant.astimezone(place).replace(tzinfo=None, fold=0) == wall.replace(fold=0):
                found.add(instant)
        except OverflowError:
            continue
    if not found:
        raise SkippedTimeError(f"No clock in {zone} shows {wall}.")
    if len(found) > 1:
        raise RepeatedTimeError(f"Clocks in {zone} show {wall} twice.")
    return found.pop()


def wall_time(moment: datetime, zone: str) -> datetime:
    """What clocks in the zone show then, without a zone, as a person would write it down."""
    return moment.astimezone(ZoneInfo(zone)).replace(tzinfo=None, fold=0)


def offset_name(moment: datetime, zone: str) -> str:
    """How far the zone is from UTC at that moment: ``UTC+2``, ``UTC-3:30``, ``UTC``."""
    offset = moment.astimezone(ZoneInfo(zone)).utcoffset() or timedelta(0)
    if not offset:
        return "UTC"
    minutes = abs(offset) // timedelta(minutes=1)
    sign = "+" if offset > timedelta(0) else "-"
    part = f":{minutes % 60:02}" if minutes % 60 else ""
    return f"UTC{sign}{minutes // 60}{part}"


def earliest_opening(*, public_at: datetime, effective_at: datetime, notice: timedelta) -> datetime:
    """Before this no phase may open: the rules have been public for the notice, and are in force.

    The notice is time that passes, whatever clocks on the wall do meanwhile.
    """
    return max(public_at.astimezone(UTC) + notice, effective_at.astimezone(UTC))
