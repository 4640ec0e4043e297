import asyncio
from collections.abc import Mapping

import pytest
from reading_level import ReadingLevel, ReadingLevelConfig, count_syllables, language_of

from altiplano_sdk import Context, ExampleAnswer
from altiplano_sdk.testing.capabilities import StubLog

EASY = "The pool is open. It shuts at five. Bring a towel."
HARD = (
    "Notwithstanding considerations of administrative practicability, the municipal authorities "
    "subsequently determined that accessibility requirements necessitated comprehensive alterations."
)
FACILE = "La piscine est ouverte. Elle ferme à cinq heures. Prends une serviette."


def scores(answer: str) -> Mapping[str, float]:
    evaluator = ReadingLevel(ReadingLevelConfig())
    example = ExampleAnswer("?", (), answer, (), abstained=False)
    return asyncio.run(evaluator.evaluate(example, Context(log=StubLog()))).scores


@pytest.mark.parametrize("easy", [EASY, FACILE])
def test_easy_texts_score_high_and_hard_ones_low(easy: str):
    assert scores(easy)["easy_to_read"] > 0.8
    assert scores(HARD) == {"easy_to_read": 0.0, "short_sentences": 0.0}


def test_longer_words_and_sentences_lower_the_score():
    longer = EASY.replace(". It", " and it").replace("pool", "swimming establishment")
    assert scores(longer)["easy_to_read"] < scores(EASY)["easy_to_read"]


def test_an_answer_without_words_is_no_burden():
    assert scores("...") == {"easy_to_read": 1.0, "short_sentences": 1.0}


@pytest.mark.parametrize(
    ("word", "language", "count"),
    [
        ("cat", "en", 1),
        ("water", "en", 2),
        ("make", "en", 1),
        ("école", "fr", 2),
        ("pluie", "fr", 1),
    ],
)
def test_syllables_are_groups_of_vowels(word: str, language: str, count: int):
    assert count_syllables(word, language) == count


def test_language_is_told_by_small_words():
    assert (language_of(EASY), language_of(FACILE)) == ("en", "fr")
