# ruff: noqa: DTZ001 - a time that a clock on the wall shows has no zone
"""Deadlines are instants: the same for everybody, whatever the clocks on the wall do that day."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from altiplano.challenges.calendar import (
    RepeatedTimeError,
    SkippedTimeError,
    State,
    Window,
    earliest_opening,
    known_zones,
    offset_name,
    read_wall_time,
    wall_time,
)

PARIS, SANTIAGO, KIRITIMATI = "Europe/Paris", "America/Santiago", "Pacific/Kiritimati"
SECOND = timedelta(seconds=1)
ZONES = st.sampled_from(
    [PARIS, SANTIAGO, KIRITIMATI, "UTC", "Australia/Lord_Howe", "Asia/Kathmandu", "America/St_Johns",
     "Africa/Casablanca", "Pacific/Apia"]
)  # fmt: skip
INSTANTS = st.datetimes(datetime(1990, 1, 1), datetime(2037, 12, 31), timezones=st.just(UTC))
WALLS = st.datetimes(datetime(1990, 1, 1), datetime(2037, 12, 31)).map(
    lambda wall: wall.replace(second=0, microsecond=0)
)


def midnight_minus_one(day: str, zone: str = PARIS, grace_minutes: int = 0) -> Window:
    """Closes at 23:59 of that day in the zone, a week after it opened."""
    closes = read_wall_time(datetime.fromisoformat(f"{day}T23:59"), zone)
    return Window(closes - timedelta(days=7), closes, timedelta(minutes=grace_minutes))


@pytest.mark.parametrize(
    ("day", "utc"),
    [
        ("2026-10-25", "2026-10-25T22:59:00+00:00"),  # clocks were set back that morning
        ("2026-10-24", "2026-10-24T21:59:00+00:00"),  # the day before, still in summer
        ("2027-03-28", "2027-03-28T21:59:00+00:00"),  # clocks were set forward that morning
        ("2028-02-29", "2028-02-29T22:59:00+00:00"),  # a leap day
        ("2026-12-31", "2026-12-31T22:59:00+00:00"),  # the end of a year
        ("2027-01-31", "2027-01-31T22:59:00+00:00"),  # the end of a month
    ],
)
def test_deadline_in_paris_accepts_to_the_last_second_and_refuses_the_next(day, utc):
    window = midnight_minus_one(day)
    closes = datetime.fromisoformat(utc)
    assert window.closes_at == closes
    assert window.accepts(closes - SECOND)
    assert window.state_at(closes - SECOND) is State.OPEN
    assert not window.accepts(closes)
    assert window.state_at(closes) is State.CLOSED


def test_recorded_grace_is_honoured_and_ends():
    window = midnight_minus_one("2026-10-25", grace_minutes=10)
    late = window.closes_at + timedelta(minutes=10)
    assert window.state_at(window.closes_at) is State.GRACE
    assert window.accepts(late - SECOND)
    assert not window.accepts(late)
    assert window.next_change(window.closes_at) is None  # a grace is no promise


def test_reader_in_santiago_sees_the_same_instant():
    closes = midnight_minus_one("2026-10-25").closes_at
    there = wall_time(closes, SANTIAGO)
    assert there == datetime(2026, 10, 25, 19, 59)
    assert there.replace(tzinfo=ZoneInfo(SANTIAGO)) == closes
    assert offset_name(closes, SANTIAGO) == "UTC-3"
    assert offset_name(closes, PARIS) == "UTC+1"


@pytest.mark.parametrize(
    ("zone", "wall"),
    [
        (PARIS, "2027-03-28T02:30"),
        (SANTIAGO, "2026-09-06T00:30"),  # a day that began at one o'clock
        (KIRITIMATI, "1994-12-31T12:00"),  # a whole day that never was
        ("Pacific/Apia", "2011-12-30T12:00"),
        ("Australia/Lord_Howe", "2026-10-04T02:15"),  # half an hour only
    ],
)
def test_time_that_no_clock_shows_is_refused(zone, wall):
    with pytest.raises(SkippedTimeError):
        read_wall_time(datetime.fromisoformat(wall), zone)


@pytest.mark.parametrize(
    ("zone", "wall"),
    [
        (PARIS, "2026-10-25T02:30"),
        (SANTIAGO, "2026-04-04T23:30"),
        ("Australia/Lord_Howe", "2026-04-05T01:45"),
    ],
)
def test_time_that_clocks_show_twice_is_refused(zone, wall):
    with pytest.raises(RepeatedTimeError):
        read_wall_time(datetime.fromisoformat(wall), zone)


@pytest.mark.parametrize("year", [1, 9999])
def test_ends_of_the_calendar_break_nothing(year):
    walls = (datetime(1, 1, 1) if year == 1 else datetime(9999, 12, 31, 23, 59),)
    for wall in walls:
        for zone in (PARIS, SANTIAGO, KIRITIMATI):
            try:
                assert wall_time(read_wall_time(wall, zone), zone) == wall
            except SkippedTimeError:
                continue


@given(WALLS, ZONES)
@example(datetime(2026, 10, 25, 1, 59), PARIS)
@example(datetime(2026, 10, 25, 3, 0), PARIS)
@example(datetime(2028, 2, 29, 23, 59), KIRITIMATI)
def test_what_can_be_read_is_shown_again(wall, zone):
    try:
        instant = read_wall_time(wall, zone)
    except (SkippedTimeError, RepeatedTimeError):
        return
    assert wall_time(instant, zone) == wall
    assert instant.utcoffset() == timedelta(0)


@given(INSTANTS, ZONES, ZONES)
def test_every_instant_is_one_instant_everywhere(instant, here, there):
    """What a clock shows leads back to the instant, unless that clock shows it twice."""
    for zone in (here, there):
        try:
            assert read_wall_time(wall_time(instant, zone), zone) == instant
        except RepeatedTimeError:
            place = ZoneInfo(zone)
            shown = instant.astimezone(place)
            other = shown.replace(fold=1 - shown.fold).astimezone(UTC)
            assert other != instant


@given(
    INSTANTS,
    st.timedeltas(timedelta(seconds=1), timedelta(days=400)),
    st.timedeltas(timedelta(0), timedelta(days=2)),
    st.timedeltas(timedelta(days=-500), timedelta(days=500)),
)
def test_window_is_to_come_then_open_then_in_grace_then_closed(opens, length, grace, away):
    window = Window(opens, opens + length, grace)
    moment = opens + away
    order = [State.TO_COME, State.OPEN, State.GRACE, State.CLOSED]
    state = window.state_at(moment)
    assert window.accepts(moment) == (state in {State.OPEN, State.GRACE})
    assert order.index(window.state_at(moment + SECOND)) >= order.index(state)
    following = window.next_change(moment)
    assert following is None or following > moment
    assert (following is None) == (state in {State.GRACE, State.CLOSED})


@given(INSTANTS, ZONES, st.timedeltas(timedelta(0), timedelta(days=60)))
def test_zone_of_the_asker_decides_nothing(moment, zone, length):
    window = Window(moment, moment + length + SECOND)
    assert window.accepts(moment) == window.accepts(moment.astimezone(ZoneInfo(zone)))


@given(INSTANTS, st.integers(0, 2000), st.timedeltas(timedelta(days=-30), timedelta(days=30)))
def test_rules_are_public_for_the_whole_notice(public_at, hours, until_effect):
    effective_at = public_at + abs(until_effect)
    first = earliest_opening(
        public_at=public_at, effective_at=effective_at, notice=timedelta(hours=hours)
    )
    assert first - public_at >= timedelta(hours=hours)
    assert first >= effective_at
    assert first in {public_at + timedelta(hours=hours), effective_at}


def test_notice_is_time_that_passes_also_when_clocks_are_set_back():
    public_at = read_wall_time(datetime(2026, 10, 24, 12, 0), PARIS)
    first = earliest_opening(
        public_at=public_at, effective_at=public_at, notice=timedelta(hours=24)
    )
    assert wall_time(first, PARIS) == datetime(2026, 10, 25, 11, 0)


@pytest.mark.parametrize(
    ("opens", "closes"),
    [
        (datetime(2026, 1, 1), datetime(2026, 1, 2)),
        (datetime(2026, 1, 2, tzinfo=UTC), datetime(2026, 1, 1, tzinfo=UTC)),
        (datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 1, tzinfo=UTC)),
    ],
)
def test_window_without_zone_or_length_is_none(opens, closes):
    with pytest.raises(ValueError, match="window"):
        Window(opens, closes)


def test_zones_are_places_and_utc_and_all_of_them_work():
    zones = known_zones()
    assert {PARIS, SANTIAGO, KIRITIMATI, "UTC"} <= set(zones)
    assert not [each for each in zones if each.startswith(("Etc/", "posix", "right/"))]
    moment = datetime(2026, 7, 1, tzinfo=UTC)
    assert all(offset_name(moment, each).startswith("UTC") for each in zones)
    assert offset_name(moment, "America/St_Johns") == "UTC-2:30"
