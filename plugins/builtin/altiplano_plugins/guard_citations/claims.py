"""An answer as claims: its sentences, and the ``[n]`` that the model put behind them."""

import re
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from altiplano_plugins.splitter_sentence.sentences import find_sentences

_MARKER: Final = re.compile(r"\[\s*(\d{1,4}(?:\s*[,;]\s*\d{1,4}){0,9})\s*\]")
_LIST_NUMBER: Final = re.compile(r"\s*\d{1,2}[.)]\s")


@dataclass(frozen=True, slots=True)
class Marker:
    """``answer[start:end]`` is a mark such as ``[1]`` or ``[1, 2]``; numbers are as written."""

    start: int
    end: int
    numbers: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Claim:
    """A sentence of the answer. ``text`` is ``answer[start:end]`` with blanks for its marks."""

    start: int
    end: int
    text: str
    markers: tuple[Marker, ...]


def read_markers(answer: str) -> tuple[Marker, ...]:
    return tuple(
        Marker(match.start(), match.end(), tuple(map(int, re.findall(r"\d+", match.group(1)))))
        for match in _MARKER.finditer(answer)
    )


def read_claims(answer: str) -> tuple[Claim, ...]:
    """The sentences of ``answer``; a mark belongs to the sentence it stands in or behind.

    A mark before the first sentence belongs to that one.
    """
    markers = read_markers(answer)
    bare = _MARKER.sub(lambda match: " " * len(match.group()), answer)
    spans = [
        (sentence.start, sentence.end)
        for sentence in find_sentences(bare, page_starts=(), max_characters=len(bare) + 1)
    ]
    owners = [max(bisect_right(spans, (mark.start, mark.end)) - 1, 0) for mark in markers]
    return tuple(
        Claim(
            start,
            end,
            _without_list_number(bare[start:end]),
            tuple(mark for mark, owner in zip(markers, owners, strict=True) if owner == number),
        )
        for number, (start, end) in enumerate(spans)
    )


def remove_spans(text: str, spans: Sequence[tuple[int, int]]) -> tuple[str, list[int]]:
    """``text`` without ``spans`` and the blanks before them, and where each position went.

    The list has an entry for every position of ``text`` and one for its end.
    """
    gone = bytearray(len(text))
    for start, end in spans:
        first = start
        while first > 0 and text[first - 1] in " \u00a0\u202f":
            first -= 1
        gone[first:end] = b"\x01" * (end - first)
    moved = [0]
    for flag in gone:
        moved.append(moved[-1] + 1 - flag)
    kept = "".join(character for character, flag in zip(text, gone, strict=True) if not flag)
    return kept, moved


def _without_list_number(text: str) -> str:
    """The number of a list item is no number that the passages would have to hold."""
    return _LIST_NUMBER.sub("", text, count=1) if _LIST_NUMBER.match(text) else text
