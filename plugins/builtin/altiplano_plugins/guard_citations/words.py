"""Words as they are compared: without case, accents, endings and small talk."""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from altiplano_plugins.guard_citations.small_talk import NUMBER_WORDS, SMALL_TALK

_TOKEN: Final = re.compile(
    r"\d{1,3}(?:[ \u00a0\u202f]\d{3})+(?!\d)|\d+(?:[.,]\d+)*|[^\W\d_]+",
)
_OPENING: Final = re.compile(r"[.!?:;\n\"«“(]")
_THOUSANDS: Final = re.compile(r"[.,](?=\d{3}(?:\D|\Z))")
_IDEOGRAPHS: Final = re.compile("[\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]")
_STEM_LENGTH: Final = 5


@dataclass(frozen=True, slots=True)
class Word:
    """One compared word. ``key`` equals that of every other form of it that is recognised."""

    key: str
    is_number: bool
    is_name: bool


def read_words(text: str) -> Iterator[Word]:
    """The words of ``text`` that carry meaning, in order.

    A word counts as a name when it is capitalized and does not open a sentence.
    """
    end = 0
    for match in _TOKEN.finditer(text):
        token = match.group()
        is_name = token[0].isupper() and (
            (len(token) > 1 and token.isupper())
            or (end > 0 and _OPENING.search(text, end, match.start()) is None)
        )
        end = match.end()
        for key, is_number in compared_keys(token):
            yield Word(key, is_number, is_name and not is_number)


@lru_cache(maxsize=32_768)
def compared_keys(token: str) -> tuple[tuple[str, bool], ...]:
    """The keys of a token, each with whether it is a number; none for small talk."""
    if token[0].isdigit():
        digits = _THOUSANDS.sub("", re.sub(r"\s", "", token))
        return ((digits.replace(",", "."), True),)
    if _IDEOGRAPHS.search(token):
        # Written without spaces: neighbouring pairs of characters stand for words.
        pairs = [token[i : i + 2] for i in range(len(token) - 1)] or [token]
        return tuple((pair, False) for pair in pairs)
    plain = fold(token)
    if plain in NUMBER_WORDS:
        return ((NUMBER_WORDS[plain], True),)
    if len(plain) < 2 or plain in SMALL_TALK:
        return ()
    return ((stem(plain), False),)


def fold(text: str) -> str:
    """``text`` without case and accents."""
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    return "".join(character for character in decomposed if not unicodedata.combining(character))


def stem(word: str) -> str:
    """The beginning of ``word``, which inflected forms of it share in most languages."""
    if len(word) > _STEM_LENGTH:
        return word[:_STEM_LENGTH]
    return word[:-1] if len(word) > 3 and word.endswith("s") else word
