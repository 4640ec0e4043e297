"""What the passages say about whether they hold an answer, as a few numbers."""

import math
import re
import unicodedata
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import astuple, dataclass

import altiplano_sdk as sdk

_WORD = re.compile(r"\w{2,}")
_ACCENT = re.compile("[\u0300-\u036f]")
_STEM = 6
_LONGEST_TEXT = 4000


@dataclass(frozen=True, slots=True)
class Evidence:
    """Features of one question and the passages found for it.

    ``best`` is the highest cosine, ``words`` the highest BM25 score for the length of the
    question. ``coverage`` is the share of the question's long words that one
    passage holds, ``names`` the same for its names and numbers (one half when it has none),
    ``agreement`` whether both searches prefer the same passage.
    """

    best: float
    words: float
    coverage: float
    names: float
    agreement: float


FEATURES = tuple(Evidence.__dataclass_fields__)


def weigh_evidence(question: str, passages: Sequence[sdk.Passage]) -> Evidence:
    """The features; all zero when no passage has a cosine."""
    cosines = [passage.dense_score for passage in passages if passage.dense_score is not None]
    if not cosines:
        return Evidence(0.0, 0.0, 0.0, 0.0, 0.0)
    lexical = [passage.lexical_score or 0.0 for passage in passages]
    wanted = {word: weight for word in stems(question) if (weight := _weight(word))}
    names = _names(question)
    held = [set(stems(passage.text)) for passage in passages]
    by_meaning = max(range(len(passages)), key=lambda at: passages[at].dense_score or 0.0)
    by_words = max(range(len(passages)), key=lambda at: lexical[at])
    return Evidence(
        best=max(cosines),
        words=max(lexical) / math.sqrt(max(1, len(wanted))),
        coverage=max(_share(wanted, words) for words in held),
        names=max(_share(names, words) for words in held) if names else 0.5,
        agreement=float(lexical[by_words] > 0.0 and by_words == by_meaning),
    )


def as_numbers(evidence: Evidence) -> tuple[float, ...]:
    """The features in the order of :data:`FEATURES`."""
    return astuple(evidence)


def _share(wanted: Mapping[str, int], held: AbstractSet[str]) -> float:
    total = sum(wanted.values())
    return sum(weight for word, weight in wanted.items() if word in held) / total if total else 0.0


def _names(question: str) -> dict[str, int]:
    """Stems of what looks like a name or number: a passage that lacks them is about another."""
    tokens = _WORD.findall(question)
    likely = [
        token
        for place, token in enumerate(tokens)
        if any(char.isdigit() for char in token)
        or (place > 0 and len(token) > 2 and token[0].isupper())
    ]
    return {stem: 1 for token in likely for stem in stems(token)}


def stems(text: str) -> list[str]:
    """Words without accents, cut to their first letters as a stem that suits any language."""
    plain = text[:_LONGEST_TEXT].casefold()
    if not plain.isascii():
        plain = _ACCENT.sub("", unicodedata.normalize("NFKD", plain))
    return [word[:_STEM] for word in _WORD.findall(plain)]


def _weight(word: str) -> int:
    """0 for up to three characters, 3 for six and more: function words are short in most
    languages, and a list of them for each would still miss the next one. Numbers always count.
    """
    return 3 if word.isdigit() or not word.isascii() else max(0, len(word) - 3)
