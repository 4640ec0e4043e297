"""The neighbourhood of a passage in a document's extracted text."""

from collections.abc import Sequence
from dataclasses import dataclass

CONTEXT_CHARS = 6_000
"""How much text around a passage one page shows; a document may have millions of characters."""


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


def excerpt_at(
    text: str, pages: Sequence[Sequence[int]], *, start: int, end: int, context: int = CONTEXT_CHARS
) -> Excerpt:
    """The span with up to ``context`` characters on each side, but not past its own page(s).

    ``pages`` holds ``[number, start, end]``. A span outside the text is moved into it.
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
    return Excerpt(
        before=text[low:start],
        quote=text[start:end],
        after=text[end:high],
        page=number,
        pages=max(len(pages), 1),
        is_cut_before=low > page_start,
        is_cut_after=high < page_end,
    )


def excerpt_of_page(text: str, pages: Sequence[Sequence[int]], *, number: int) -> Excerpt:
    """The beginning of a page by its number; the first page when there is none of that number."""
    start = next((first for page, first, _ in pages if page == number), 0)
    return excerpt_at(text, pages, start=start, end=start)
