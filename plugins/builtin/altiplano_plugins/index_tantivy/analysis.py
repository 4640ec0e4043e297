"""From text to terms, and from a question to the terms that may match it.

All languages of a collection share one field of terms, so that document frequencies and lengths
are those of the whole collection: with a field per language a few French pages among many English
ones would be scored against an average length near zero. Each text is analysed in its own
language; a question, whose language the index is not told, is analysed in all languages present.
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


@dataclass(frozen=True, slots=True)
class QueryTerm:
    """One word of a question: ``variants`` are its forms by language, ``weight`` its count."""

    variants: tuple[str, ...]
    weight: int


def analyze_text(text: str, key: str) -> list[str]:
    """The terms of ``text`` in order: lower-cased, stemmed, folded, without stop words."""
    terms: list[str] = _analyzer(key, stop_words=True).analyze(_clean(text))
    return terms


def analyze_question(text: str, keys: Sequence[str]) -> tuple[QueryTerm, ...]:
    """The terms with which to look for ``text`` among documents analysed with ``keys``.

    The question is taken to be in the language of which it holds the most stop words; only
    those are dropped, because a stop word of one language is a word of another ("the" is tea in
    French once accents are folded). Its other words are kept in the form that each language
    present would give them: names and cognates match across languages.
    """
    cleaned = _clean(text)
    by_word: dict[int, list[str]] = {}
    for key in keys:
        for offset, term in _words(cleaned, key, stop_words=False).items():
            by_word.setdefault(offset, []).append(term)
    for offset in _stop_word_offsets(cleaned, keys):
        # A question of nothing but stop words ("Who are we?") keeps them all.
        by_word.pop(offset, None)
    counts = Counter(tuple(dict.fromkeys(terms)) for terms in by_word.values())
    return tuple(QueryTerm(variants, weight) for variants, weight in counts.items())


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
    tokens = _analyzer(key, stop_words=stop_words).pre_tokenize(text).tokens
    return {token.char_offset_from: token.text for token in tokens}


def _clean(text: str) -> str:
    # A lone surrogate cannot be encoded for the library and is no letter of any word.
    return split_unspaced(text).encode("utf-8", "replace").decode("utf-8")


@cache
def _analyzer(key: str, *, stop_words: bool) -> tantivy.TextAnalyzer:
    builder = (
        tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.simple())
        .filter(tantivy.Filter.remove_long(_LONGEST_TERM))
        .filter(tantivy.Filter.lowercase())
    )
    if key != OTHER:
        if stop_words and key not in WITHOUT_STOP_WORDS:
            builder = builder.filter(tantivy.Filter.stopword(STEMMED[key]))
        if stop_words and key in QUESTION_WORDS:
            builder = builder.filter(tantivy.Filter.custom_stopword(list(QUESTION_WORDS[key])))
        builder = builder.filter(tantivy.Filter.stemmer(STEMMED[key]))
    # Folding comes last: stemmers and stop words know the accents.
    return builder.filter(tantivy.Filter.ascii_fold()).build()
