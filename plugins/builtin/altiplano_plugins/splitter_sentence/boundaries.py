"""Where a sentence ends: rules for punctuation, abbreviations, list items and headings."""

# ruff: noqa: RUF001 - punctuation of several scripts

import re
from collections.abc import Iterator

_CLOSERS = "\"'”’»›)\\]}"
_END = re.compile(
    # A run of end marks is looked at once, from its start. The closing guillemet may stand
    # after a space, as French writes it.
    rf"(?<![.!?…])[.!?…]++[{_CLOSERS}]*+(?:[ \u00a0\u202f][»›])?(?=\s|\Z)"
    r"|[。！？｡]++[」』）”’]*+"
    r"|[।॥؟۔]++(?=\s|\Z)"
)

# Abbreviations after which no sentence ends, whatever follows.
_BEFORE_NAMES = frozenset({
    "mr", "mrs", "ms", "messrs", "dr", "prof", "st", "gen", "col", "lt", "sgt", "capt", "rev",
    "hon", "gov", "sen", "mme", "mmes", "mlle", "mlles", "mgr", "hr", "fr", "sra", "dra", "dott",
    "e.g", "i.e", "cf", "vs", "viz", "approx", "ca", "z.b", "d.h", "c.-à-d", "p.ex", "bzw",
})  # fmt: skip

# Abbreviations after which no sentence ends if a number follows; else they may be words.
_BEFORE_NUMBERS = frozenset({
    "no", "nos", "nr", "n", "p", "pp", "pg", "pág", "págs", "vol", "fig", "figs", "eq", "sec",
    "ch", "chap", "art", "arts", "al", "alin", "par", "ed", "éd", "tab", "tél", "tel", "abs", "bd",
    "núm", "jan", "feb", "mar", "apr", "jun", "jul", "aug", "sep", "sept", "oct", "nov", "dec",
    "janv", "févr", "avr", "juil", "déc", "av", "approx", "env", "min", "max",
})  # fmt: skip

_LAST_WORD = re.compile(r"[^\s(\[{«“\"'’]{1,24}\Z")
_LIST_MARK = re.compile(
    r"[-*+•‣◦▪▫■□●○–—✓➢➔→❖◆]"
    r"|\(?(?:\d{1,3}|[a-zA-Z]|[ivxIVX]{1,5})[.)](?=\s)"
    r"|\d+(?:\.\d+)+\.?\s"
)
_LIST_LABEL = re.compile(r"\(?(?:\d{1,3}(?:\.\d{1,3})*|[A-Za-z]|[IVXivx]{1,5})\Z")
_ENDS_SENTENCE = re.compile(rf"[.!?…:;。！？｡।॥؟][{_CLOSERS}]*+\s?[»›]?\Z")
_ENDS_HEADING = re.compile(r"[.!…,;。।]\Z")
_CELLS = re.compile(r" \| |\t")
_NUMBERED_HEADING = re.compile(
    r"(?:\d+(?:\.\d+)*|[IVXLC]+|[A-Z])[.)]?\s+\w"
    r"|§|(?:art(?:icle)?|chap(?:ter|itre)?|section|annexe?)\b",
    re.IGNORECASE,
)
_OPENERS = frozenset("«“¿¡")

MAX_HEADING_CHARACTERS = 120
_HEADING_WORDS = 14


def sentence_ends(text: str, start: int, end: int) -> Iterator[int]:
    """Offsets just behind each sentence of ``text[start:end]`` but the last, rising."""
    for match in _END.finditer(text, start, end):
        border = match.end()
        if border < end and _really_ends(text, start, match, end):
            yield border


def _really_ends(text: str, start: int, match: re.Match[str], end: int) -> bool:
    mark = match[0]
    if mark[0] not in ".!?…":
        return True
    following = text[match.end() : min(end, match.end() + 20)].lstrip()
    # A sentence goes on with a small letter: « Vraiment ? » demanda-t-il.
    if following and (following[0].islower() or following[0] in ",;:)"):
        return False
    if mark != ".":
        return True
    word = _LAST_WORD.search(text[max(start, match.start() - 24) : match.start()])
    if word is None:
        return True
    if _is_list_label(text, start, match.start(), word[0]):
        return False
    return not _is_abbreviation(word[0], following)


def _is_list_label(text: str, start: int, dot: int, word: str) -> bool:
    """``1.`` or ``b.`` where a line starts numbers what follows it."""
    before = dot - len(word)
    return bool(_LIST_LABEL.match(word)) and (before <= start or text[before - 1] == "\n")


def _is_abbreviation(word: str, following: str) -> bool:
    lowered = word.lower()
    return (
        lowered in _BEFORE_NAMES
        or (lowered in _BEFORE_NUMBERS and following[:1].isdigit())
        or (len(word) == 1 and word.isupper())  # an initial
        or (len(word) > 2 and word[-2] == "." and word[-1].isupper())  # J.R.R.
    )


def line_ends_sentence(line: str, tail: str, following: str, *, is_short: bool) -> bool:
    """Whether the next line starts something new rather than carrying on a wrapped sentence."""
    if _LIST_MARK.match(following) or _CELLS.search(line) or _CELLS.search(following):
        return True
    if _ENDS_SENTENCE.search(tail):
        return not following[:1].islower()
    first = following[:1]
    if not (first.isupper() or first.isdigit() or first in _OPENERS):
        return False
    is_numbered = len(line) < MAX_HEADING_CHARACTERS and _NUMBERED_HEADING.match(line) is not None
    return is_short or is_numbered


def is_heading(unit: str) -> bool:
    """Whether a line that stands alone names what comes after it."""
    words = unit.split()
    return (
        0 < len(words) <= _HEADING_WORDS
        and len(unit) <= MAX_HEADING_CHARACTERS
        and "\n" not in unit
        and any(char.isalpha() for char in unit)
        and not _ENDS_HEADING.search(unit)
        and not _CELLS.search(unit)
        and not unit.startswith(("-", "*", "•", "–", "—"))
    )
