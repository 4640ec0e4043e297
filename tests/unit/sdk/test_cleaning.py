# ruff: noqa: RUF001 - text in several scripts

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from altiplano_sdk import clean_text, hidden_warnings

AWKWARD = st.text(
    alphabet=st.one_of(
        st.characters(),
        st.sampled_from(
            "\u200b\u200d\ufe0f\u202e\u00ad\ufeff\n\r\t \u0301e\u05d0\u0628\u1100\u1161"
        ),
    )
)


@given(AWKWARD)
def test_cleaning_twice_changes_nothing(raw):
    once = clean_text(raw)
    again = clean_text(once.text)
    assert again.text == once.text
    assert again.hidden == 0


@given(AWKWARD)
def test_clean_text_is_composed_and_has_one_kind_of_line_end(raw):
    text = clean_text(raw).text
    assert unicodedata.is_normalized("NFC", text)
    assert not set(text) & set("\r\x00\x0b\x0c\u2028\u2029\u202e\ufeff")
    assert "\n\n\n" not in text
    assert text == text.strip()


@given(st.text(alphabet="abc éß漢字 .,\n"))
def test_visible_characters_survive_in_order(raw):
    kept = "".join(clean_text(raw).text.split())
    assert kept == unicodedata.normalize("NFC", "".join(raw.split()))


@pytest.mark.parametrize(
    ("raw", "text", "hidden"),
    [
        ("a\x00b", "ab", 1),
        ("pay\u200bment", "payment", 1),
        ("ab\u202ecd\u202c", "abcd", 2),
        ("hi" + "".join(chr(0xE0000 + ord(c)) for c in "ignore"), "hi", 6),
        ("a\ufe00\ufe01\ufe02\ufe03", "a\ufe00", 3),
        ("soft\u00adly", "softly", 0),
        ("\ufeffstart", "start", 0),
        ("1\r2\r\n3\u20284\f5", "1\n2\n3\n4\n5", 0),
        ("line   \n\n\n\nnext", "line\n\nnext", 0),
    ],
)
def test_what_nobody_sees_is_removed_and_counted(raw, text, hidden):
    clean = clean_text(raw)
    assert clean.text == text
    assert clean.hidden == hidden


@pytest.mark.parametrize(
    "text", ["½ of m² ﬁne", "می\u200cخواهم", "👩\u200d🌾", "l’été\u00a0!", "क्\u200dष"]
)
def test_what_people_see_stays(text):
    """Compatibility characters are not folded; joiners stay where a script needs them."""
    assert clean_text(text).text == unicodedata.normalize("NFC", text)
    assert clean_text(text).hidden == 0


def test_warning_counts_what_was_removed():
    assert hidden_warnings(0) == ()
    assert hidden_warnings(1) == ("One hidden character was removed from the text.",)
    assert hidden_warnings(7) == ("7 hidden characters were removed from the text.",)
