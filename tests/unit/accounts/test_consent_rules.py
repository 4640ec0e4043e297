"""Which consents still hold, over every short history of versions."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from altiplano.accounts.consent_rules import (
    coming_version,
    is_bound,
    missing_version,
    version_in_force,
)

NOW = datetime(2026, 3, 29, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Version:
    number: int
    requires_reconsent: bool
    effective_at: datetime | None


def history(*rows: tuple[bool, int]) -> list[Version]:
    """Each row: whether it must be accepted anew, and the days until it takes effect."""
    return [
        Version(number, anew, NOW + timedelta(days=days))
        for number, (anew, days) in enumerate(rows, start=1)
    ]


# Versions take effect in their order.
histories = st.lists(st.tuples(st.integers(-3, 3), st.booleans()), max_size=6).map(
    lambda rows: history(*((anew, days) for days, anew in sorted(rows)))
)
numbers = st.sets(st.integers(1, 6))


def test_nothing_is_missing_before_anything_is_in_force():
    assert missing_version(history((True, 1)), set(), NOW) is None
    assert coming_version(history((True, 1)), set(), NOW).number == 1


def test_old_consent_holds_only_without_a_version_to_accept_anew():
    assert missing_version(history((True, -2), (False, -1)), {1}, NOW) is None
    assert missing_version(history((True, -2), (True, -1)), {1}, NOW).number == 2
    assert missing_version(history((True, -3), (True, -2), (False, -1)), {1}, NOW).number == 3
    assert missing_version(history((True, -3), (True, -2), (False, -1)), {2}, NOW) is None


def test_grace_lasts_until_the_new_version_takes_effect():
    rows = history((True, -1), (True, 1))
    assert missing_version(rows, {1}, NOW) is None
    assert coming_version(rows, {1}, NOW).number == 2
    assert missing_version(rows, {1}, rows[1].effective_at).number == 2
    assert missing_version(rows, {1}, rows[1].effective_at - timedelta(microseconds=1)) is None


def test_consent_in_advance_does_not_stand_in_for_what_is_in_force():
    rows = history((True, -1), (True, 1))
    assert missing_version(rows, {2}, NOW).number == 1
    assert missing_version(rows, {2}, NOW + timedelta(days=1)) is None
    assert coming_version(rows, {1, 2}, NOW) is None


@given(histories, numbers)
def test_whoever_accepts_what_is_missing_is_bound(versions, accepted):
    missing = missing_version(versions, accepted, NOW)
    if missing is not None:
        assert missing == version_in_force(versions, NOW)
        assert is_bound(versions, accepted | {missing.number}, NOW)


@given(histories, numbers, numbers)
def test_more_consents_never_make_more_missing(versions, accepted, more):
    if missing_version(versions, accepted, NOW) is None:
        assert missing_version(versions, accepted | more, NOW) is None


@given(histories, numbers)
def test_a_version_that_asks_nothing_anew_asks_nobody_who_was_bound(versions, accepted):
    if is_bound(versions, accepted, NOW):
        later = NOW + timedelta(days=4)
        added = Version(len(versions) + 1, False, later)
        accepted -= {added.number}
        before = is_bound(versions, accepted, later)
        assert is_bound([*versions, added], accepted, later) == before
