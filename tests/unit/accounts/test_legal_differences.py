"""Differences of legal texts are whole: nothing is lost on either side, whatever was written."""

from hypothesis import given
from hypothesis import strategies as st

from altiplano.accounts.legal_differences import MAX_WORDS, Piece, compare_texts, is_changed

words = st.sampled_from(["the", "model", "must", "not", "may", "7", "l'usage", ",", "مدرسة"])
paragraph = st.lists(words, min_size=1, max_size=8).map(" ".join)
texts = st.lists(paragraph, max_size=5).map("\n\n".join)


def side(paragraphs, without: str) -> list[str]:
    """One of the two texts, put together again from its pieces."""
    joined = ["".join(p.text for p in each if p.change != without) for each in paragraphs]
    return [text for text in joined if text]


@given(texts, texts)
def test_both_texts_can_be_read_out_of_the_difference(before, after):
    found = compare_texts(before, after)
    assert side(found, "deleted") == [part for part in after.split("\n\n") if part]
    assert side(found, "inserted") == [part for part in before.split("\n\n") if part]


@given(texts)
def test_equal_texts_have_no_difference(text):
    assert not any(is_changed(each) for each in compare_texts(text, text))


def test_one_changed_word_is_told_alone():
    (paragraph,) = compare_texts("You may use it.", "You must use it.")
    assert paragraph == (
        Piece("You ", "same"),
        Piece("may", "deleted"),
        Piece("must", "inserted"),
        Piece(" use it.", "same"),
    )


def test_unlike_and_endless_paragraphs_are_exchanged_as_a_whole():
    assert compare_texts("one two", "three four five") == [
        (Piece("one two", "deleted"), Piece("three four five", "inserted"))
    ]
    endless = "word " * MAX_WORDS
    assert len(compare_texts(endless, endless + "more")[0]) == 2
