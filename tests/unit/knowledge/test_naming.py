"""Names of uploads: whatever is sent, what is shown is one clean line."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from altiplano.knowledge.naming import (
    FALLBACK_NAME,
    MAX_NAME_CHARS,
    clean_name,
    distinct_names,
    name_from_url,
    number_name,
)

names = st.text(max_size=400)


@given(names)
def test_clean_name_is_one_visible_line_and_stays_so(raw):
    name = clean_name(raw)
    assert 1 <= len(name) <= MAX_NAME_CHARS
    assert not set(name) & set("/\\\0\r\n\t")
    assert name not in {".", ".."}
    assert not name.startswith("-")
    assert not any(unicodedata.category(char) in {"Cc", "Cs", "Zl", "Zp"} for char in name)
    assert clean_name(name) == name


@given(st.lists(names, max_size=30))
def test_distinct_names_are_distinct_in_order_and_within_the_limit(raw):
    cleaned = [clean_name(name) for name in raw]
    result = distinct_names(cleaned)
    assert len(set(result)) == len(result) == len(raw)
    assert all(len(name) <= MAX_NAME_CHARS for name in result)
    assert distinct_names(cleaned) == result


def test_names_that_hide_nothing_are_kept():
    persian = "\u0645\u062f\u0631\u0633\u0647\u200c\u0647\u0627.txt"
    for name in ("Été à l'école.pdf", persian, "garden 🌱.md", "a.b.c.tar.gz", "報告書.pdf"):
        assert clean_name(name) == name


def test_long_name_keeps_its_extension():
    assert clean_name("x" * 300 + ".pdf") == "x" * 251 + ".pdf"
    assert clean_name("x" * 300 + "." + "y" * 300) == "x" * 255


@pytest.mark.parametrize(
    ("name", "numbered"),
    [("a.txt", "a (2).txt"), ("a", "a (2)"), ("x" * 251 + ".txt", "x" * 247 + " (2).txt")],
)
def test_number_goes_before_the_extension(name, numbered):
    assert number_name(name, 2) == numbered


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("a/report.pdf", "report.pdf"),
        ("a/b/", "b"),
        ("", "example.org"),
        ("///", "example.org"),
        ("..", "example.org"),
    ],
)
def test_name_of_an_address(path, name):
    assert name_from_url(path, "example.org") == name


def test_nothing_visible_gets_a_name():
    assert clean_name("\u202e\u200b") == FALLBACK_NAME
