"""Turning the pages of a text."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from altiplano.knowledge.interfaces import reading
from altiplano.knowledge.interfaces.reading import Book, search_book

PAGED = Book("one.\n\ntwo.\n\nthree.", [[1, 0, 4], [2, 6, 10], [3, 12, 18]])


@pytest.fixture
def small_parts(monkeypatch):
    monkeypatch.setattr(reading, "PART_CHARS", 10)


def test_pages_are_turned_one_by_one():
    first = PAGED.sheet_of(1)
    second = PAGED.after(first)
    assert (PAGED.before(first), second.number) == (None, 2)
    assert PAGED.before(second) == first
    assert PAGED.after(PAGED.sheet_of(3)) is None


@pytest.mark.parametrize(("number", "expected"), [(0, 1), (-3, 1), (2, 2), (99, 3)])
def test_page_that_is_not_there_is_the_nearest(number, expected):
    assert PAGED.sheet_of(number).number == expected


@pytest.mark.parametrize(("offset", "page"), [(0, 1), (5, 1), (7, 2), (17, 3), (10**6, 3)])
def test_offset_opens_the_page_it_stands_on(offset, page):
    assert PAGED.sheet_at(offset).number == page


def test_long_page_goes_on_on_further_sheets(small_parts):
    book = Book("a b c d e f g h i j k l. end", [[1, 0, 24], [2, 25, 28]])
    sheet, seen = book.sheet_of(1), ""
    while sheet is not None:
        seen += book.text[sheet.start : sheet.end]
        last, sheet = sheet, book.after(sheet)
        if sheet is not None:
            assert book.before(sheet).start == last.start
    assert seen == "a b c d e f g h i j k l.end"


@given(st.text(alphabet="ab \n", max_size=200), st.integers(0, 250))
def test_every_offset_of_a_text_without_pages_is_on_its_part(text, offset):
    book = Book(text, [])
    sheet = book.sheet_at(offset)
    assert sheet.start <= min(offset, len(text)) <= sheet.end
    assert book.sheet_of(sheet.number) == sheet


def test_hits_are_stepped_through_around_the_end():
    book = Book("bean pea bean pea bean", [])
    found = search_book(book, "bean", hit=3)
    assert (found.count, found.current, found.after, found.before) == (3, 3, 1, 2)
    assert [mark.is_current for mark in found.marks()] == [False, False, True]
    assert search_book(book, "bean", hit=0, near=6).current == 2
    assert search_book(book, "rose", hit=4).place is None
