"""One page of a document's text as a reader has it before them, with what is marked on it.

Documents that know pages are shown page by page; others, and pages that are too long for a screen,
in parts that end where a paragraph does.
"""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

from altiplano.knowledge.interfaces.excerpts import unwrap_lines
from altiplano.knowledge.interfaces.marking import Mark, Piece, cut, find_phrase

PART_CHARS = 12_000
MAX_FOUND = 10_000
"""Hits that are counted; a word that stands more often is not worth stepping through."""


@dataclass(frozen=True, slots=True)
class Sheet:
    """What is shown at once: ``text[start:end]``. ``number`` is of a page, or of a part."""

    start: int
    end: int
    number: int
    is_continued: bool = False


@dataclass(frozen=True, slots=True)
class Book:
    """A text with its pages, ``[number, start, end]`` each."""

    text: str
    pages: Sequence[Sequence[int]]
    is_printed: bool = False

    @property
    def has_pages(self) -> bool:
        return len(self.pages) > 1

    @property
    def count(self) -> int:
        """Pages, or parts where there are none."""
        return len(self.pages) if self.has_pages else len(self._parts(0, len(self.text)))

    def sheet_at(self, offset: int) -> Sheet:
        """The sheet that holds the offset; the last one for an offset behind the end."""
        offset = min(max(offset, 0), len(self.text))
        number, low, high = 1, 0, len(self.text)
        if self.has_pages:
            starts = [first for _, first, _ in self.pages]
            number, low, high = self.pages[max(bisect_right(starts, offset) - 1, 0)]
        parts = self._parts(low, high)
        place = max(bisect_right([start for start, _ in parts], offset) - 1, 0)
        start, end = parts[place]
        if not self.has_pages:
            return Sheet(start, end, place + 1)
        return Sheet(start, end, number, is_continued=place > 0)

    def sheet_of(self, number: int) -> Sheet:
        """The first sheet of the page, or the part, of this number; else the nearest there is."""
        if not self.has_pages:
            parts = self._parts(0, len(self.text))
            return self.sheet_at(parts[min(max(number, 1), len(parts)) - 1][0])
        numbers = [page for page, _, _ in self.pages]
        place = max(bisect_right(numbers, number) - 1, 0)
        number, start, end = self.pages[place]
        first, last = self._parts(start, end)[0]
        return Sheet(first, last, number)

    def before(self, sheet: Sheet) -> Sheet | None:
        if sheet.is_continued:
            return self.sheet_at(sheet.start - 1)
        earlier = self._neighbour(sheet, -1)
        if earlier is None or not self.has_pages:
            return earlier
        _, start, end = self.pages[self._place(earlier)]
        return self.sheet_at(end - 1) if end > start else earlier

    def after(self, sheet: Sheet) -> Sheet | None:
        if self.has_pages:
            place = self._place(sheet)
            if sheet.end < self.pages[place][2]:
                return self.sheet_at(sheet.end)
        return self._neighbour(sheet, 1)

    def _neighbour(self, sheet: Sheet, step: int) -> Sheet | None:
        if not self.has_pages:
            number = sheet.number + step
            return self.sheet_of(number) if 1 <= number <= self.count else None
        place = self._place(sheet) + step
        return self.sheet_of(self.pages[place][0]) if 0 <= place < len(self.pages) else None

    def _place(self, sheet: Sheet) -> int:
        return bisect_right([page for page, _, _ in self.pages], sheet.number) - 1

    def _parts(self, low: int, high: int) -> list[tuple[int, int]]:
        """``low`` to ``high`` in stretches of at most :data:`PART_CHARS`; at least one."""
        parts = []
        start = low
        while high - start > PART_CHARS:
            limit = start + PART_CHARS
            end = self.text.rfind("\n\n", start + PART_CHARS // 2, limit) + 2
            if end < start + 2:
                end = self.text.rfind(" ", start + PART_CHARS // 2, limit) + 1
            end = end if end > start else limit
            parts.append((start, end))
            start = end
        return [*parts, (start, high)]

    def pieces(self, sheet: Sheet, marks: Sequence[Mark]) -> tuple[Piece, ...]:
        """The sheet's text with its marks; the lines of print flow, and no offset moves."""
        shown = self.text[sheet.start : sheet.end]
        return cut(unwrap_lines(shown) if self.is_printed else shown, marks, offset=sheet.start)


@dataclass(frozen=True, slots=True)
class Search:
    """What was looked for in a book, and which of the places the reader is at, counted from 1."""

    phrase: str
    places: Sequence[tuple[int, int]]
    current: int

    @property
    def count(self) -> int:
        return len(self.places)

    @property
    def is_cut(self) -> bool:
        return self.count >= MAX_FOUND

    @property
    def before(self) -> int:
        """Around the end, as everywhere else."""
        return self.current - 1 or self.count

    @property
    def after(self) -> int:
        return self.current % self.count + 1 if self.count else 0

    @property
    def place(self) -> tuple[int, int] | None:
        return self.places[self.current - 1] if self.places else None

    def marks(self) -> list[Mark]:
        return [
            Mark(start, end, is_current=number == self.current)
            for number, (start, end) in enumerate(self.places, 1)
        ]


def search_book(book: Book, phrase: str, *, hit: int, near: int = 0) -> Search:
    """All places of the phrase; at ``hit``, or at the first one from ``near`` on for hit 0."""
    places = find_phrase(book.text, phrase, limit=MAX_FOUND)
    if not hit:
        hit = next((n for n, (start, _) in enumerate(places, 1) if start >= near), 1)
    return Search(phrase, places, min(max(hit, 1), max(len(places), 1)))
