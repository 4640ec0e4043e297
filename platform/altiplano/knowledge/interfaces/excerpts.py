"""The neighbourhood of a passage in a document's extracted text."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

CONTEXT_CHARS = 6_000
"""How much text around a passage one page shows; a document may have millions of characters."""

LONGEST_WORD = 40
"""How far a cut moves to spare a word; scripts without spaces are cut where they are."""


@dataclass(frozen=True, slots=True)
class Excerpt:
    """``before + quote + after`` is one stretch of the text; ``quote`` may be empty."""

    before: str
    quote: str
    after: str
    page: int
    pages: int
    is_cut_before: bool
    is_cut_after: bool


# A line of print ends where the paper did: after many characters, with the text going on. A short
# line after the end of a sentence is a heading.
_PRINTED_BREAK = re.compile(r"(?<=[^\n]{60})(?:(?<![.!?:])|(?=\n[^\n]{45}))\n(?=[^\s\d•\u2013-])")


def unwrap_lines(text: str) -> str:
    """Lines that were broken by the width of a page flow on; not a character comes or goes."""
    return _PRINTED_BREAK.sub(" ", text)


def excerpt_at(
    text: str,
    pages: Sequence[Sequence[int]],
    *,
    start: int,
    end: int,
    context: int = CONTEXT_CHARS,
    is_printed: bool = False,
) -> Excerpt:
    """The span with up to ``context`` characters on each side, but not past its own page(s).

    Where it is cut, it begins and ends with whole words.

    ``pages`` holds ``[number, start, end]``. A span outside the text is moved into it. The lines of
    a printed page are unwrapped.
    """
    start = min(max(start, 0), len(text))
    end = min(max(end, start), len(text))
    page_start, page_end, number = 0, len(text), 1
    for page_number, first, last in pages:
        if first <= start < max(last, first + 1):
            page_start, page_end, number = first, last, page_number
            break
    low = max(page_start, start - context)
    high = min(max(page_end, end), end + context)
    if low > page_start:
        low = _next_word(text, low, start)
    if high < page_end:
        high = _last_word_end(text, high, end)
    shown = unwrap_lines(text[low:high]) if is_printed else text[low:high]
    return Excerpt(
        before=shown[: start - low],
        quote=shown[start - low : end - low],
        after=shown[end - low :],
        page=number,
        pages=max(len(pages), 1),
        is_cut_before=low > page_start,
        is_cut_after=high < page_end,
    )


def _next_word(text: str, low: int, start: int) -> int:
    """Where the first whole word from ``low`` on begins, at most ``LONGEST_WORD`` further on."""
    if text[low - 1].isspace():
        return low
    reached = text[low : min(start, low + LONGEST_WORD)]
    gap = re.search(r"\s+", reached)
    return low + gap.end() if gap else low


def _last_word_end(text: str, high: int, end: int) -> int:
    """Where the last whole word before ``high`` ends, at most ``LONGEST_WORD`` further back."""
    if text[high].isspace():
        return high
    first = max(end, high - LONGEST_WORD)
    gaps = list(re.finditer(r"\s+", text[first:high]))
    return first + gaps[-1].start() if gaps else high


def excerpt_of_page(
    text: str, pages: Sequence[Sequence[int]], *, number: int, is_printed: bool = False
) -> Excerpt:
    """The beginning of a page by its number; the first page when there is none of that number."""
    start = next((first for page, first, _ in pages if page == number), 0)
    return excerpt_at(text, pages, start=start, end=start, is_printed=is_printed)
