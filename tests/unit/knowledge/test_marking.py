"""Marking words and phrases in texts that are shown."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from altiplano.knowledge.interfaces.marking import Mark, cut, find_phrase, mark_words


def marked(pieces) -> list[str]:
    return [piece.text for piece in pieces if piece.kind]


@pytest.mark.parametrize(
    ("text", "question", "expected"),
    [
        ("Compost takes months.", "How long does COMPOST take?", ["Compost", "takes"]),
        ("Le compost mûrit en été.", "quand murit le compost ete", ["compost", "mûrit", "été"]),
        ("Nothing here.", "", []),
        ("A (b+c)* text", "(b+c)*", []),
    ],
)
def test_words_of_the_question_are_marked_whatever_their_ending_or_accent(text, question, expected):
    found = mark_words(text, question)
    assert sorted(marked(found)) == sorted(expected)
    assert "".join(piece.text for piece in found) == text


def test_phrase_is_found_across_lines_accents_and_apostrophes():
    text = "L\u2019eau\nde pluie; l'EAU  de pluie"
    assert [text[a:b] for a, b in find_phrase(text, "l'eau de pluie", limit=9)] == [
        "L\u2019eau\nde pluie",
        "l'EAU  de pluie",
    ]


def test_hits_are_counted_no_further_than_the_limit():
    assert len(find_phrase("a " * 50, "a", limit=7)) == 7


@given(
    st.text(max_size=60),
    st.lists(st.tuples(st.integers(-5, 80), st.integers(-5, 80)), max_size=6),
    st.integers(0, 10),
)
def test_cutting_loses_no_character(text, spans, offset):
    pieces = cut(text, [Mark(start, end) for start, end in spans], offset=offset)
    assert "".join(piece.text for piece in pieces) == text
