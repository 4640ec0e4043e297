"""Finds a passage of the cleaned text among the characters that a PDF's page is made of.

Between the two, blanks and line ends were moved, hyphens at line ends removed and ligatures taken
apart. So both are compared by their letters and digits alone.
"""

import unicodedata
from collections.abc import Iterable, Sequence

_ANCHOR = 40
"""Letters at either end by which a passage is found that differs somewhere in its middle."""

_LAST_CODE = 0x10FFFF


def find_passage(
    letters: Sequence[int], passage: str, *, skipped: int = 0
) -> tuple[int, int] | None:
    """The span of ``letters``, code points of the page, that holds the passage; None if none does.

    Of several equal ones it is the one after ``skipped`` others, or the last. One that
    differs somewhere in its middle is found by its two ends.
    """
    page, places = _fold(enumerate(letters))
    wanted, _ = _fold(enumerate(map(ord, passage)))
    if not wanted:
        return None
    at = page.find(wanted)
    for _ in range(skipped):
        further = page.find(wanted, at + 1)
        at = further if further >= 0 else at
    if at >= 0:
        return places[at], places[at + len(wanted) - 1] + 1
    head, tail = wanted[:_ANCHOR], wanted[-_ANCHOR:]
    begin = page.find(head)
    end = page.find(tail, max(begin, 0))
    if len(wanted) < 2 * _ANCHOR or begin < 0 or end < 0:
        return None
    if end + len(tail) - begin > 2 * len(wanted):
        return None
    return places[begin], places[end + len(tail) - 1] + 1


def _fold(letters: Iterable[tuple[int, int]]) -> tuple[str, list[int]]:
    """Letters and digits, all alike small, and for each of them where it came from."""
    folded: list[str] = []
    places: list[int] = []
    for place, code in letters:
        if not 0 < code <= _LAST_CODE or 0xD800 <= code < 0xE000:
            continue
        for letter in unicodedata.normalize("NFKC", chr(code)).casefold():
            if letter.isalnum():
                folded.append(letter)
                places.append(place)
    return "".join(folded), places
