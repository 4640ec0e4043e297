"""What is shown around a passage is the document's text, whole and in order."""

import itertools

from hypothesis import given
from hypothesis import strategies as st

from altiplano.knowledge.interfaces.excerpts import excerpt_at, excerpt_of_page, unwrap_lines

TEXT = "First page.\nSecond page with the passage in it.\nThird page."
PAGES = [[1, 0, 12], [2, 12, 48], [3, 48, 59]]


def test_excerpt_shows_the_passage_inside_its_page():
    start = TEXT.index("the passage")
    excerpt = excerpt_at(TEXT, PAGES, start=start, end=start + len("the passage"))
    assert excerpt.before == "Second page with "
    assert excerpt.quote == "the passage"
    assert excerpt.after == " in it.\n"
    assert (excerpt.page, excerpt.pages) == (2, 3)
    assert not excerpt.is_cut_before
    assert not excerpt.is_cut_after


def test_excerpt_says_where_it_was_cut():
    excerpt = excerpt_at("x" * 100, [[1, 0, 100]], start=50, end=60, context=10)
    assert (len(excerpt.before), len(excerpt.quote), len(excerpt.after)) == (10, 10, 10)
    assert excerpt.is_cut_before
    assert excerpt.is_cut_after


def test_excerpt_is_cut_between_words():
    text = "Whoever composts needs patience and dry leaves besides."
    at = text.index("patience")
    excerpt = excerpt_at(text, [[1, 0, len(text)]], start=at, end=at + len("patience"), context=14)
    assert excerpt.before == "needs "
    assert excerpt.after == " and dry"
    assert excerpt.is_cut_before
    assert excerpt.is_cut_after


def test_excerpt_of_page_begins_with_that_page():
    assert excerpt_of_page(TEXT, PAGES, number=3).after == "Third page."
    assert excerpt_of_page(TEXT, PAGES, number=99).page == 1


@given(
    st.text(max_size=300),
    st.lists(st.integers(0, 300), max_size=4),
    st.integers(-5, 400),
    st.integers(-5, 400),
    st.integers(0, 50),
)
def test_excerpt_is_one_stretch_of_the_text(text, cuts, start, end, context):
    bounds = [0, *sorted({min(cut, len(text)) for cut in cuts}), len(text)]
    pages = [[n, a, b] for n, (a, b) in enumerate(itertools.pairwise(bounds), start=1)]
    excerpt = excerpt_at(text, pages, start=start, end=end, context=context)
    shown = excerpt.before + excerpt.quote + excerpt.after
    assert shown in text
    first, last = min(max(start, 0), len(text)), min(max(end, 0), len(text))
    assert excerpt.quote == text[first : max(last, first)]


def test_lines_of_print_flow_and_lists_stay():
    printed = "x" * 61 + "\nand on.\n\n" + "y" * 61 + "\n- a point\n- another"
    assert unwrap_lines(printed) == "x" * 61 + " and on.\n\n" + "y" * 61 + "\n- a point\n- another"


def test_headings_of_print_stay_on_a_line_of_their_own():
    printed = "x" * 61 + " it rots.\nHow long it takes\nCompost takes months."
    assert unwrap_lines(printed) == printed


@given(st.text(alphabet="ab -\n", max_size=300))
def test_unwrapping_moves_no_character(text):
    flowing = unwrap_lines(text)
    assert len(flowing) == len(text)
    assert flowing.replace("\n", " ") == text.replace("\n", " ")
