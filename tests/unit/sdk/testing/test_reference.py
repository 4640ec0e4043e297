"""The reference set is what the measures take it for."""

from collections import Counter

import pytest

from altiplano_sdk.testing.reference import reference_set
from altiplano_sdk.testing.wording import rank_by_words, shared_words

EXAMPLES = reference_set().examples


def test_half_is_english_and_half_is_french():
    assert Counter(one.language for one in EXAMPLES) == {"en": 10, "fr": 10}
    assert len(reference_set().passages) == 2 * len(EXAMPLES)


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda one: one.question)
def test_answers_are_right_and_wrong_as_they_should_be(example):
    def holds(text):
        return any(phrase.lower() in text.lower() for phrase in example.expected)

    assert holds(example.passage.text)
    assert holds(example.good)
    assert not holds(example.bad)


def test_search_by_words_is_neither_perfect_nor_useless():
    """There is something to gain, or no plugin could show what it does."""
    first = [rank_by_words(one.question, reference_set().passages)[0][0] for one in EXAMPLES]
    right = sum(p == one.passage for p, one in zip(first, EXAMPLES, strict=True))
    assert 4 <= right <= 16


@pytest.mark.parametrize("number", range(len(EXAMPLES)))
def test_near_passages_share_words_with_their_question(number):
    near = reference_set().passages[2 * number + 1]
    assert shared_words(EXAMPLES[number].question, near.text) > 0.2
