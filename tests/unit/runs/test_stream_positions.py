"""Ids that browsers send back."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from altiplano.kernel.errors import InvalidInputError
from altiplano.runs.stream_positions import (
    START,
    Entry,
    Position,
    Telling,
    format_position,
    parse_position,
)

positions = st.builds(Position, st.sampled_from(Telling), st.integers(1, 10**9))


@given(positions)
def test_a_position_comes_back_as_it_was_given(position):
    assert parse_position(format_position(position).decode()) == position


def test_the_start_has_an_id_too():
    assert parse_position("0-0") == START
    assert format_position(START) == b"0-0"


@given(positions, positions)
def test_two_positions_never_share_an_id(first, second):
    assert (format_position(first) == format_position(second)) == (first == second)


@pytest.mark.parametrize(
    "raw",
    ["", "x", "1", "1-", "-1", "1-2", "3-3", "1-0 ", "1-0\n", "9" * 20 + "-0", "१-0", "$", "1-0-0"],
)
def test_a_malformed_id_is_refused(raw):
    with pytest.raises(InvalidInputError) as caught:
        parse_position(raw)
    assert caught.value.code == "event_id_malformed"


@given(st.text())
def test_no_text_breaks_the_parser(raw):
    try:
        position = parse_position(raw)
    except InvalidInputError:
        return
    assert position.seq >= 0


def test_terminal_types_are_those_of_the_sdk():
    from altiplano_sdk.events import EVENT_TYPES

    for name, kind in EVENT_TYPES.items():
        assert Entry(b"1-0", 1, name.encode(), b"{}").is_terminal == kind.terminal
