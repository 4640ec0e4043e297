"""Marking words in a text that is shown: letters with accents count as without, case counts not."""

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from itertools import islice

MAX_MARKED_WORDS = 40
SHORTEST_WORD = 3
SHORTEST_STEM = 4
_WORD = re.compile(r"[^\W_]+")
_ENDINGS = re.compile(r"(?:es|s|x|e)$")


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of a text: ``kind`` is empty, ``mark`` or ``current``."""

    text: str
    kind: str = ""


@dataclass(frozen=True, slots=True)
class Mark:
    """Where in the text, and whether it is the one the reader asked for."""

    start: int
    end: int
    is_current: bool = False


def mark_words(text: str, question: str) -> tuple[Piece, ...]:
    """The text with every word marked that stands in the question, in another ending perhaps."""
    words = [word for word in _WORD.findall(question) if len(word) >= SHORTEST_WORD]
    if not words:
        return (Piece(text),)
    stems = {_stem(word) for word in words[:MAX_MARKED_WORDS]}
    pattern = "|".join(_loosely(stem) for stem in sorted(stems, key=len, reverse=True))
    found = re.finditer(rf"\b(?:{pattern})[^\W_]{{0,3}}\b", text, re.IGNORECASE)
    return cut(text, [Mark(match.start(), match.end()) for match in found])


def _stem(word: str) -> str:
    shorter = _ENDINGS.sub("", word.lower())
    return shorter if len(shorter) >= SHORTEST_STEM else word.lower()


def find_phrase(text: str, phrase: str, *, limit: int) -> list[tuple[int, int]]:
    """Where the phrase stands, at most ``limit`` times; any blank in it is any blanks there."""
    words = phrase.split()
    if not words:
        return []
    pattern = re.compile(r"\s+".join(map(_loosely, words)), re.IGNORECASE)
    return [(found.start(), found.end()) for found in islice(pattern.finditer(text), limit)]


def cut(text: str, marks: Iterable[Mark], *, offset: int = 0) -> tuple[Piece, ...]:
    """The whole text in pieces; ``offset`` is where it begins in what the marks count in.

    What lies outside is left away, and of marks that overlap the later part of the second.
    """
    pieces: list[Piece] = []
    at = 0
    for mark in sorted(marks, key=lambda mark: (mark.start, mark.end)):
        start = max(mark.start - offset, at)
        end = min(mark.end - offset, len(text))
        if start >= end:
            continue
        if start > at:
            pieces.append(Piece(text[at:start]))
        pieces.append(Piece(text[start:end], "current" if mark.is_current else "mark"))
        at = end
    if at < len(text) or not pieces:
        pieces.append(Piece(text[at:]))
    return tuple(pieces)


def _loosely(word: str) -> str:
    """A pattern for the word with or without accents, and with any kind of apostrophe."""
    return "".join(_letter(letter) for letter in word)


@cache
def _letter(letter: str) -> str:
    if letter in "'\u2019\u02bc":
        return "['\u2019\u02bc]"
    base = unicodedata.normalize("NFD", letter)[0].lower()
    variants = _accented().get(base, ())
    return f"[{re.escape(base)}{''.join(variants)}]" if variants else re.escape(letter)


@cache
def _accented() -> dict[str, list[str]]:
    """By plain letter: what it is called with an accent, in the Latin scripts."""
    found: dict[str, list[str]] = {}
    for code in (*range(0xC0, 0x250), *range(0x1E00, 0x1F00)):
        letter = chr(code)
        parts = unicodedata.normalize("NFD", letter)
        if len(parts) > 1 and parts[0].isascii() and letter == letter.lower():
            found.setdefault(parts[0].lower(), []).append(letter)
    return found
