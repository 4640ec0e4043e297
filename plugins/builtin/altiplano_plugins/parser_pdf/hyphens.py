"""Joins words that were broken at the end of a line.

PDFium marks a broken word it is sure of with U+0002 and joins its line to the next. A typeset
hyphen that PDFium does not know (U+2010, U+2011) still stands before a line end. In both cases
the question is whether the hyphen belongs to the word (``long-term``) or to the line
(``docu-ment``): the rest of the document answers it.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Self

# Where a word may be broken. The words around a break are looked for afterwards: a pattern that
# begins with a word is tried at every letter of the document.
_BREAK = re.compile("[\x02\ufffe](?:\r?\n)?|[\u00ad\u2010\u2011]\r?\n")
_MARKERS = "\x02\ufffe"
_WORD_BEFORE = re.compile(r"[^\W\d_]+\Z")
_WORD_AFTER = re.compile(r"[^\W\d_]+")
_LONGEST_WORD = 40

_PUNCTUATION = ".,;:!?()[]{}«»“”\"'"
_MARKS = ("", ",", ".", ";", ":")
_HYPHENS = str.maketrans("\u2010\u2011", "--")


def join_hyphenated_words(pages: Sequence[str]) -> list[str]:
    """The pages with broken words made whole; nothing else changes."""
    if not any(_BREAK.search(page) for page in pages):
        return list(pages)
    words = _Words.of(pages)
    return ["".join(_mend(page, words)) for page in pages]


def _mend(page: str, words: "_Words") -> Iterator[str]:
    """The page in pieces, each break replaced by a hyphen or by nothing."""
    position = 0
    for match in _BREAK.finditer(page):
        before = _WORD_BEFORE.search(page, max(0, match.start() - _LONGEST_WORD), match.start())
        after = _WORD_AFTER.match(page, match.end())
        if before is not None and after is not None:
            hyphen = "-" if words.keep_hyphen(before[0], after[0]) else ""
        elif match[0][0] in _MARKERS:
            hyphen = "-"  # between numbers, say: PDFium put its mark in the hyphen's place
        else:
            continue
        yield page[position : match.start()]
        yield hyphen
        position = match.end()
    yield page[position:]


@dataclass(frozen=True, slots=True)
class _Words:
    """What the document itself says about its words, in lower case; ``seen`` as they stand
    between spaces, ``hyphenated`` without punctuation.
    """

    seen: frozenset[str]
    hyphenated: frozenset[str]

    @classmethod
    def of(cls, pages: Sequence[str]) -> Self:
        seen: set[str] = set()
        for page in pages:
            seen.update(page.lower().split())
        return cls(
            frozenset(seen),
            frozenset(
                word.strip(_PUNCTUATION).translate(_HYPHENS)
                for word in seen
                if "-" in word or "\u2010" in word or "\u2011" in word
            ),
        )

    def keep_hyphen(self, first: str, second: str) -> bool:
        if not second[0].islower():
            return True
        joined, hyphenated = (first + second).lower(), f"{first}-{second}".lower()
        return hyphenated in self.hyphenated and not any(
            joined + mark in self.seen for mark in _MARKS
        )
