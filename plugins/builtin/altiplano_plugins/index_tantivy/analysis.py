"""From text to terms, and from a question to the terms that may match it.

All languages of a collection share one field of terms, so that document frequencies and lengths
are those of the whole collection: with a field per language a few French pages among many English
ones would be scored against an average length near zero. Each text is analysed in its own
language; a question, whose language the index is not told, is analysed in all languages present.

A text has three kinds of terms: stems, the words as written (``=word``), and pairs of stems that
follow each other (``stem_stem``). The last two weigh little in a question and keep apart what
stems alone confuse: fused nDCG@10 rose by 0.005 on the mean of seven public sets.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache

import tantivy

from altiplano_plugins.index_tantivy.languages import (
    OTHER,
    QUESTION_WORDS,
    STEMMED,
    WITHOUT_STOP_WORDS,
    split_unspaced,
)

_LONGEST_TERM = 64
_COMPANION_WEIGHT = 0.3
"""Of a written word or a pair beside its stems. Measured: 0.6 is no better."""


@dataclass(frozen=True, slots=True)
class QueryTerm:
    """Something to look for: ``variants`` are its forms by language, of which one suffices."""

    variants: tuple[str, ...]
    weight: float


@dataclass(frozen=True, slots=True)
class QuestionTerms:
    """``stems`` carry the question; ``companions`` are its written words and pairs."""

    stems: tuple[QueryTerm, ...]
    companions: tuple[QueryTerm, ...]


def analyze_text(text: str, key: str) -> list[str]:
    """All terms of ``text``: lower-cased, folded, without stop words."""
    cleaned = _clean(text)
    stems: list[str] = _analyzer(key).analyze(cleaned)
    written: list[str] = _analyzer(key, stem=False).analyze(cleaned) if key != OTHER else []
    return [*stems, *map(_as_written, written), *map(_pair, stems, stems[1:])]


def analyze_question(text: str, keys: Sequence[str]) -> QuestionTerms:
    """The terms with which to look for ``text`` among documents analysed with ``keys``.

    The question is taken to be in the language of which it holds the most stop words; only
    those are dropped, because a stop word of one language is a word of another ("the" is tea in
    French once accents are folded). Its other words are kept in the form that each language
    present would give them: names and cognates match across languages.
    """
    cleaned = _clean(text)
    # A question of nothing but stop words ("Who are we?") keeps them all.
    dropped = _stop_word_offsets(cleaned, keys)
    stems = [_kept(_words(cleaned, key, stop_words=False), dropped) for key in keys]
    written = _kept(_words(cleaned, OTHER, stop_words=False), dropped)
    has_written = any(key != OTHER for key in keys)
    pairs = [
        {at: _pair(words[at], words[after]) for at, after in zip(words, list(words)[1:])}  # noqa: B905
        for words in stems
    ]
    return QuestionTerms(
        stems=_as_terms(stems, weight=1.0),
        companions=(
            *_as_terms(pairs, weight=_COMPANION_WEIGHT),
            *_as_terms(
                [{at: _as_written(word) for at, word in written.items()}] if has_written else [],
                weight=_COMPANION_WEIGHT,
            ),
        ),
    )


def _as_terms(forms: Iterable[dict[int, str]], *, weight: float) -> tuple[QueryTerm, ...]:
    """One term for each place in the question; what comes twice weighs twice."""
    by_place: dict[int, list[str]] = {}
    for form in forms:
        for place, term in form.items():
            by_place.setdefault(place, []).append(term)
    counts = Counter(tuple(dict.fromkeys(terms)) for terms in by_place.values())
    return tuple(QueryTerm(variants, weight * times) for variants, times in counts.items())


def _stop_word_offsets(text: str, keys: Iterable[str]) -> set[int]:
    most: set[int] = set()
    for key in keys:
        if key == OTHER:
            continue
        every = _words(text, key, stop_words=False).keys()
        dropped = every - _words(text, key, stop_words=True).keys()
        if len(dropped) > len(most) and len(dropped) < len(every):
            most = dropped
    return most


def _words(text: str, key: str, *, stop_words: bool) -> dict[int, str]:
    """Terms by their place in the text, in order."""
    tokens = _analyzer(key, stop_words=stop_words).pre_tokenize(text).tokens
    return {token.char_offset_from: token.text for token in tokens}


def _kept(words: dict[int, str], dropped: set[int]) -> dict[int, str]:
    return {place: word for place, word in words.items() if place not in dropped}


def _as_written(word: str) -> str:
    return f"={word}"


def _pair(first: str, second: str) -> str:
    return f"{first}_{second}"


def _clean(text: str) -> str:
    # A lone surrogate cannot be encoded for the library and is no letter of any word.
    return split_unspaced(text).encode("utf-8", "replace").decode("utf-8")


@cache
def _analyzer(key: str, *, stop_words: bool = True, stem: bool = True) -> tantivy.TextAnalyzer:
    builder = (
        tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.simple())
        .filter(tantivy.Filter.remove_long(_LONGEST_TERM))
        .filter(tantivy.Filter.lowercase())
    )
    if key != OTHER and stop_words:
        if key not in WITHOUT_STOP_WORDS:
            builder = builder.filter(tantivy.Filter.stopword(STEMMED[key]))
        if key in QUESTION_WORDS:
            builder = builder.filter(tantivy.Filter.custom_stopword(list(QUESTION_WORDS[key])))
    if key != OTHER and stem:
        builder = builder.filter(tantivy.Filter.stemmer(STEMMED[key]))
    # Folding comes last: stemmers and stop words know the accents.
    return builder.filter(tantivy.Filter.ascii_fold()).build()
