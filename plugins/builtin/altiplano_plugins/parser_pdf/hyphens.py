"""Joins words that were broken at the end of a line.

PDFium marks a broken word it is sure of with U+0002 and joins its line to the next. A typeset
hyphen that PDFium does not know (U+2010, U+2011) still stands before a line end. In both cases
the question is whether the hyphen belongs to the word (``long-term``) or to the line
(``docu-ment``): the rest of the document answers it.
"""

import re
from collections.abc import Sequence

_MARKED = re.compile("([^\\W\\d_]+)[\x02\ufffe](?:\r?\n)?([^\\W\\d_]+)")
_AT_LINE_END = re.compile("([^\\W\\d_]+)[\u00ad\u2010\u2011]\r?\n([^\\W\\d_]+)")
_WORD = re.compile(r"[^\W\d_]+(?:[-\u2010\u2011][^\W\d_]+)+|[^\W\d_]+")


def join_hyphenated_words(pages: Sequence[str]) -> list[str]:
    """The pages with broken words made whole; nothing else changes."""
    if not any(_is_broken(page) for page in pages):
        return list(pages)
    words = _vocabulary(pages)

    def whole(match: re.Match[str]) -> str:
        first, second = match[1], match[2]
        joined, hyphenated = first + second, f"{first}-{second}"
        if not second[0].islower():
            return hyphenated
        keeps_hyphen = hyphenated.lower() in words and joined.lower() not in words
        return hyphenated if keeps_hyphen else joined

    return [
        _AT_LINE_END.sub(whole, _MARKED.sub(whole, page)) if _is_broken(page) else page
        for page in pages
    ]


def _is_broken(page: str) -> bool:
    return (
        (not page.isascii() and bool(_AT_LINE_END.search(page)))
        or "\x02" in page
        or "\ufffe" in page
    )


def _vocabulary(pages: Sequence[str]) -> set[str]:
    """Every word of the document in lower case, hyphenated ones with an ASCII hyphen."""
    words: set[str] = set()
    for page in pages:
        words.update(_WORD.findall(page.lower()))
    return {word.replace("\u2010", "-").replace("\u2011", "-") for word in words}
