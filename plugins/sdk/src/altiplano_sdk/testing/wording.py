"""Plain search and quotation by words: what the stubs know, and what plugins are compared with."""

import math
import re
import struct
from collections import Counter
from collections.abc import Sequence
from functools import lru_cache
from itertools import pairwise
from typing import Final

from altiplano_sdk.contracts.retrieval import Passage

DIMENSION: Final = 64
_WORD: Final = re.compile(r"\w+")
_SENTENCE_END: Final = re.compile(r"(?<=[.!?。])\s+|\n+")
_SHORT: Final = 2


def words_of(text: str) -> list[str]:
    """The words of more than two letters, in lower case, and numbers."""
    return [w for w in _WORD.findall(text.lower()) if len(w) > _SHORT or w.isdigit()]


def shared_words(one: str, other: str) -> float:
    """0..1: how much of the first text's words the second one has."""
    asked = set(words_of(one))
    return len(asked & set(words_of(other))) / len(asked) if asked else 0.0


def rank_by_words(question: str, passages: Sequence[Passage]) -> list[tuple[Passage, float]]:
    """Passages that share a word with the question, best first, rare words counting more."""
    asked = set(words_of(question))
    held = [Counter(words_of(passage.text)) for passage in passages]
    spread = Counter(word for words in held for word in words)
    scored = []
    for passage, words in zip(passages, held, strict=True):
        score = math.fsum(math.log(1 + len(held) / spread[w]) for w in sorted(asked & set(words)))
        if score > 0:
            scored.append((passage, score / math.sqrt(1 + words.total())))
    return sorted(scored, key=lambda pair: (-pair[1], pair[0].chunk_id))


def rank_by_meaning(question: str, passages: Sequence[Passage]) -> list[tuple[Passage, float]]:
    """All passages, by the cosine of their vectors with the question's, best first."""
    asked = vector_of(question, DIMENSION)
    scored = [(passage, cosine(asked, vector_of(passage.text, DIMENSION))) for passage in passages]
    return sorted(scored, key=lambda pair: (-pair[1], pair[0].chunk_id))


def best_sentence(question: str, text: str) -> str:
    """The sentence of ``text`` that shares most words with the question and is not it."""
    asked, words = " ".join(question.split()), set(words_of(question))
    sentences = (" ".join(sentence.split()) for sentence in _SENTENCE_END.split(text))
    candidates = [s for s in sentences if s and not asked.endswith(s)]
    return max(candidates, key=lambda s: len(words & set(words_of(s))), default=asked or "Nothing.")


def cosine(one: Sequence[float], other: Sequence[float]) -> float:
    return math.fsum(a * b for a, b in zip(one, other, strict=True))


@lru_cache(maxsize=4096)
def vector_of(text: str, dimension: int) -> tuple[float, ...]:
    """A unit vector that counts the letters and pairs of letters of the text's words."""
    counts = [1e-6] * dimension
    for word in words_of(text):
        for one, other in pairwise(f" {word} "):
            counts[(ord(one) * 31 + ord(other)) % dimension] += 1.0
    length = math.hypot(*counts)
    return tuple(count / length for count in counts)


def embed_text(text: str, dimension: int = DIMENSION) -> bytes:
    """The vector as little-endian float32 values."""
    return struct.pack(f"<{dimension}f", *vector_of(text, dimension))
