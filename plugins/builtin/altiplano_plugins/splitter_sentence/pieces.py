"""Cuts what is too long to be one sentence: endless lines, tables without rows, raw data."""

# ruff: noqa: RUF001 - punctuation of several scripts

import re
import unicodedata
from collections.abc import Iterator

_CLAUSE_END = re.compile(r"[,;:)»”、，；：]\s*+|\s[–—-]\s")
_JOINERS = "\u200d\u200c"
_BACKING = 32


def cut_long(text: str, start: int, end: int, limit: int) -> Iterator[tuple[int, int]]:
    """``text[start:end]`` in pieces of at most ``limit`` characters. Neither has space around it.

    Cuts fall behind a clause, else between words, else between characters that can be parted.
    """
    while end - start > limit:
        cut = _best_cut(text, start, start + limit)
        piece = text[start:cut].rstrip()
        yield start, start + len(piece)
        while text[cut].isspace():
            cut += 1
        start = cut
    if end > start:
        yield start, end


def _best_cut(text: str, start: int, latest: int) -> int:
    earliest = start + (latest - start) // 2
    clause = None
    for match in _CLAUSE_END.finditer(text, earliest, latest):
        clause = match.end()
    if clause is not None:
        return clause
    for position in range(latest, earliest, -1):
        if text[position].isspace() or text[position - 1].isspace():
            return position
    for position in range(latest, max(earliest, latest - _BACKING), -1):
        if _can_part(text[position - 1], text[position]):
            return position
    return latest


def _can_part(before: str, after: str) -> bool:
    """Whether two neighbours are not one character to the eye."""
    return not (
        unicodedata.combining(after)
        or after in _JOINERS
        or before in _JOINERS
        or "\ufe00" <= after <= "\ufe0f"
        or "\U0001f3fb" <= after <= "\U0001f3ff"
    )
