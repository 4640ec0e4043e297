"""Names on one line, slugs that are free."""

import re

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from altiplano.kernel.errors import InvalidInputError
from altiplano.kernel.naming import MAX_SLUG_CHARS, free_slug, read_name


@given(st.text(max_size=80))
def test_reading_a_name_is_idempotent(raw):
    try:
        name = read_name(raw, maximum=60)
    except InvalidInputError:
        assume(False)
    assert read_name(name, maximum=60) == name
    assert 1 <= len(name) <= 60
    assert "\n" not in name
    assert "\u202e" not in name


@pytest.mark.parametrize(
    ("raw", "name"),
    [
        ("  Green \t Schools\r\n", "Green Schools"),
        ("evil\u202egnp.exe", "evilgnp.exe"),
        ("e\u0301cole", "école"),
        ("a\x00b", "ab"),
        ("👩\u200d🌾 garden", "👩\u200d🌾 garden"),
        ("\u0645\u06cc\u200c\u062e\u0648", "\u0645\u06cc\u200c\u062e\u0648"),
        ("gar\u200bden", "garden"),
    ],
)
def test_name_is_what_a_person_sees(raw, name):
    assert read_name(raw, maximum=100) == name


@given(st.text(max_size=100), st.integers(0, 12))
def test_slug_is_free_and_well_formed(name, taken_count):
    taken: list[str] = []
    for _ in range(taken_count):
        taken.append(free_slug(name, fallback="app", is_taken=taken.__contains__))
    slug = free_slug(name, fallback="app", is_taken=taken.__contains__)
    assert slug not in taken
    assert len(slug) <= MAX_SLUG_CHARS
    assert re.fullmatch(r"[a-z0-9_]+(?:[-_a-z0-9]*[a-z0-9_])?", slug)
