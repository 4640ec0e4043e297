"""Which sentences a small model should read: those that speak of what the question asks."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from math import log
from typing import Final

from altiplano_plugins.guard_citations.words import read_words
from altiplano_plugins.splitter_sentence.sentences import find_sentences
from altiplano_sdk.contracts import TextEmbedder

LONGEST_SENTENCE: Final = 400
ENOUGH_WORDS: Final = 2
MAX_BY_MEANING: Final = 32


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence of passage number ``passage``, counted from 0."""

    passage: int
    text: str
    keys: frozenset[str]


def read_sentences(texts: Sequence[str]) -> tuple[Sentence, ...]:
    """All sentences of the passages, in order."""
    return tuple(
        Sentence(
            passage,
            text[span.start : span.end],
            frozenset(word.key for word in read_words(text[span.start : span.end])),
        )
        for passage, text in enumerate(texts)
        for span in find_sentences(text, page_starts=(), max_characters=LONGEST_SENTENCE)
    )


def rank_by_words(question: str, sentences: Sequence[Sentence]) -> list[float]:
    """A score for each sentence: the words it shares with the question, rare ones first."""
    asked = {word.key for word in read_words(question)}
    frequency = Counter(key for sentence in sentences for key in sentence.keys)
    rarity = {key: log(1 + len(sentences) / frequency[key]) for key in asked & frequency.keys()}
    return [sum(rarity[key] for key in rarity.keys() & sentence.keys) for sentence in sentences]


async def rank_sentences(
    question: str, sentences: Sequence[Sentence], embed: TextEmbedder | None
) -> list[float]:
    """By shared words; by meaning where no sentence shares two, as in another language."""
    asked = {word.key for word in read_words(question)}
    shared = max((len(asked & sentence.keys) for sentence in sentences), default=0)
    if embed is None or shared >= min(ENOUGH_WORDS, len(asked)) or not sentences:
        return rank_by_words(question, sentences)
    from altiplano_plugins.prompt_cited.meaning import closeness

    near = await closeness(question, [s.text for s in sentences[:MAX_BY_MEANING]], embed)
    return near + [-1.0] * (len(sentences) - len(near))


def choose_sentences(
    sentences: Sequence[Sentence], scores: Sequence[float], *, count: int
) -> dict[int, str]:
    """The ``count`` best sentences in their order, joined by passage.

    Among equals the one of the better passage, and there the earlier one, is chosen.
    """
    best = sorted(range(len(sentences)), key=lambda i: -scores[i])[:count]
    chosen: dict[int, list[str]] = {}
    for i in sorted(best):
        chosen.setdefault(sentences[i].passage, []).append(sentences[i].text)
    return {passage: " ".join(texts) for passage, texts in chosen.items()}
