"""Finds sentences and headings in one pass over the text.

Every rule looks at a bounded neighbourhood and no regular expression can backtrack over a run,
so that time grows with the length of the text and with nothing else.
"""

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from altiplano_plugins.splitter_sentence.boundaries import (
    MAX_HEADING_CHARACTERS,
    is_heading,
    line_ends_sentence,
    sentence_ends,
)
from altiplano_plugins.splitter_sentence.pieces import cut_long
from altiplano_plugins.splitter_sentence.weight import weigh

_EMPTY_LINE = re.compile(r"\n(?:[^\S\n]*+\n)++")


@dataclass(frozen=True, slots=True)
class Sentence:
    """``text[start:end]``, without space around it.

    ``words`` is its weight; ``page`` the index of the page on which it starts; ``opens_block``
    whether a paragraph, list item or row starts with it. A ``heading`` names what follows; it is
    ``set_off`` when empty lines stand around it, and otherwise only looks like one.
    """

    start: int
    end: int
    words: int
    page: int
    opens_block: bool
    heading: bool
    set_off: bool


def find_sentences(
    text: str, *, page_starts: Sequence[int], max_characters: int
) -> Iterator[Sentence]:
    """All sentences in order; together they hold every non-space character exactly once.

    None is longer than ``max_characters``, crosses a page start or an empty line.
    """
    borders = sorted({0, len(text), *(start for start in page_starts if 0 < start < len(text))})
    for start, end in pairwise(borders):
        page = bisect_right(page_starts, start) if page_starts else 0
        for block_start, block_end in _blocks(text, start, end):
            yield from _block_sentences(text, block_start, block_end, page, max_characters)


def _blocks(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """The stretches between empty lines."""
    position = start
    for gap in _EMPTY_LINE.finditer(text, start, end):
        yield position, gap.start()
        position = gap.end()
    yield position, end


def _block_sentences(
    text: str, start: int, end: int, page: int, max_characters: int
) -> Iterator[Sentence]:
    units = list(_units(text, start, end))
    for unit_start, unit_end in units:
        short = unit_end - unit_start <= MAX_HEADING_CHARACTERS
        heading = short and is_heading(text[unit_start:unit_end])
        opens_block = True
        for piece_start, piece_end in _sentence_pieces(text, unit_start, unit_end, max_characters):
            yield Sentence(
                piece_start,
                piece_end,
                weigh(text[piece_start:piece_end]),
                page,
                opens_block=opens_block,
                heading=heading,
                set_off=heading and len(units) == 1,
            )
            opens_block = False


def _units(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """Runs of lines that read on: wrapped lines together, items and rows each alone."""
    lines = list(_lines(text, start, end))
    if not lines:
        return
    width = max(line_end - line_start for line_start, line_end in lines)
    unit_start, unit_end = lines[0]
    for (line_start, line_end), (next_start, next_end) in pairwise(lines):
        line = text[line_start : min(line_end, line_start + 400)]
        tail = text[max(line_start, line_end - 40) : line_end]
        following = text[next_start : min(next_end, next_start + 40)]
        if line_ends_sentence(line, tail, following, is_short=line_end - line_start < width // 2):
            yield unit_start, unit_end
            unit_start = next_start
        unit_end = next_end
    yield unit_start, unit_end


def _lines(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """Lines that hold something, without the space around them."""
    position = start
    while position < end:
        line_end = text.find("\n", position, end)
        line_end = end if line_end < 0 else line_end
        trimmed = _trim(text, position, line_end)
        if trimmed is not None:
            yield trimmed
        position = line_end + 1


def _sentence_pieces(
    text: str, start: int, end: int, max_characters: int
) -> Iterator[tuple[int, int]]:
    position = start
    for border in (*sentence_ends(text, start, end), end):
        trimmed = _trim(text, position, border)
        if trimmed is not None:
            yield from cut_long(text, *trimmed, max_characters)
        position = border


def _trim(text: str, start: int, end: int) -> tuple[int, int] | None:
    stretch = text[start:end]
    stripped = stretch.strip()
    if not stripped:
        return None
    first = start + len(stretch) - len(stretch.lstrip())
    return first, first + len(stripped)
