"""What is different between two texts, word by word within the paragraphs that belong together."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import zip_longest
from typing import Literal

Change = Literal["same", "inserted", "deleted"]

_WORDS = re.compile(r"\s+|\w+|[^\w\s]")
MAX_WORDS = 4_000
"""Paragraphs of more words are compared as a whole: the time grows with the square."""


@dataclass(frozen=True, slots=True)
class Piece:
    """Some words that stayed, came or went."""

    text: str
    change: Change


Paragraph = tuple[Piece, ...]


def compare_texts(before: str, after: str) -> list[Paragraph]:
    """The paragraphs of both in their order; the pieces that did not go spell ``after``."""
    old, new = _paragraphs(before), _paragraphs(after)
    return list(_compare(old, new))


def is_changed(paragraph: Paragraph) -> bool:
    return any(piece.change != "same" for piece in paragraph)


def _paragraphs(text: str) -> list[str]:
    return [part for part in re.split(r"\n\s*\n", text) if part.strip()]


def _compare(old: Sequence[str], new: Sequence[str]) -> Iterator[Paragraph]:
    for tag, a, b, c, d in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if tag == "equal":
            yield from ((Piece(text, "same"),) for text in new[c:d])
            continue
        for was, now in zip_longest(old[a:b], new[c:d]):
            if was is None:
                yield (Piece(now, "inserted"),)
            elif now is None:
                yield (Piece(was, "deleted"),)
            else:
                yield _compare_words(was, now)


def _compare_words(was: str, now: str) -> Paragraph:
    old, new = _WORDS.findall(was), _WORDS.findall(now)
    matcher = SequenceMatcher(None, old, new, autojunk=False)
    if max(len(old), len(new)) > MAX_WORDS or matcher.ratio() < 0.3:
        return (Piece(was, "deleted"), Piece(now, "inserted"))
    pieces: list[Piece] = []
    for tag, a, b, c, d in matcher.get_opcodes():
        if tag == "equal":
            pieces.append(Piece("".join(new[c:d]), "same"))
            continue
        if gone := "".join(old[a:b]):
            pieces.append(Piece(gone, "deleted"))
        if come := "".join(new[c:d]):
            pieces.append(Piece(come, "inserted"))
    return tuple(pieces)
