import pytest
from hypothesis import given
from hypothesis import strategies as st

from altiplano_plugins.guard_citations.claims import read_claims, remove_spans
from altiplano_plugins.guard_citations.words import read_words


def keys(text: str) -> list[str]:
    return [word.key for word in read_words(text)]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("six months", "6 months"),
        ("douze", "twelve"),
        ("1,000 trees", "1000 trees"),
        ("1 000 arbres", "1.000 arbres"),
        ("1\u202f000 arbres", "1000 arbres"),
        ("6,5", "6.5"),
        ("Composting", "compost"),
        ("trees", "tree"),
        ("été", "ETE"),
        ("Straße", "STRASSE"),
    ],
)
def test_forms_of_a_word_compare_equal(one, other):
    assert keys(one) == keys(other)


@pytest.mark.parametrize(("one", "other"), [("six", "seven"), ("6.5", "65"), ("oak", "ash")])
def test_different_words_stay_different(one, other):
    assert keys(one) != keys(other)


@pytest.mark.parametrize("text", ["", "It is the answer.", "C'est la réponse.", "a I y", "!?"])
def test_small_talk_is_no_word(text):
    assert keys(text) == []


def test_ideographs_are_read_in_pairs():
    assert keys("堆肥成熟") == ["堆肥", "肥成", "成熟"]


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("The tree was planted by Peter Holt.", ["peter", "holt"]),
        ("Trees grow. Holt waters them.", []),
        ("NASA pays.", ["nasa"]),
        ("He wrote: Beans are sown in May.", ["may"]),
    ],
)
def test_names_are_capitalized_inside_a_sentence(text, names):
    assert [word.key for word in read_words(text) if word.is_name] == names


@given(st.text(max_size=80), st.data())
def test_removing_spans_keeps_every_other_character_in_its_new_place(text, data):
    first = data.draw(st.integers(0, len(text)))
    second = data.draw(st.integers(first, len(text)))
    rest, moved = remove_spans(text, [(first, second)] if second > first else [])
    assert len(moved) == len(text) + 1
    assert moved[-1] == len(rest)
    for position, character in enumerate(text):
        if moved[position + 1] > moved[position]:
            assert rest[moved[position]] == character
    gone = [c for i, c in enumerate(text) if moved[i + 1] == moved[i] and not first <= i < second]
    assert set(gone) <= set(" \u00a0\u202f")


@given(st.text(st.sampled_from("ab. [1,2]\n"), max_size=60))
def test_claims_are_in_order_and_own_each_mark_once(answer):
    claims = read_claims(answer)
    for claim in claims:
        assert 0 <= claim.start < claim.end <= len(answer)
    starts = [claim.start for claim in claims]
    assert starts == sorted(starts)
    marks = [mark for claim in claims for mark in claim.markers]
    assert len(marks) == len(set(marks))
