"""The numbers and bullets that Word shows and does not store as text."""

import re
from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any

from altiplano_plugins.parser_docx.names import w

_PLACEHOLDER = re.compile(r"%([1-9])")
_BULLET = "-"
_ROMAN = (
    (1000, "m"), (900, "cm"), (500, "d"), (400, "cd"), (100, "c"), (90, "xc"),
    (50, "l"), (40, "xl"), (10, "x"), (9, "ix"), (5, "v"), (4, "iv"), (1, "i"),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Level:
    """How one level of a list is numbered: ``text`` holds ``%1`` for the first level's number."""

    form: str = "bullet"
    text: str = ""
    start: int = 1


@dataclass(slots=True)
class Numbering:
    """The lists of a document, counting as their paragraphs are read in order."""

    lists: dict[str, dict[int, Level]]
    _counts: dict[str, dict[int, int]] = field(default_factory=lambda: defaultdict(dict))

    def next_label(self, list_id: str, level: int) -> str:
        """What Word prints before the next paragraph of this list and level; may be empty."""
        levels = self.lists.get(list_id)
        if levels is None:
            return ""
        style = levels.get(level, Level())
        if style.form in ("bullet", "none"):
            return _BULLET if style.form == "bullet" else ""
        counts = self._counts[list_id]
        counts[level] = counts.get(level, style.start - 1) + 1
        for deeper in [other for other in counts if other > level]:
            del counts[deeper]

        def number(match: re.Match[str]) -> str:
            place = int(match[1]) - 1
            shown = levels.get(place, Level(form="decimal"))
            return write_number(counts.get(place, shown.start), shown.form)

        return _PLACEHOLDER.sub(number, style.text)


def write_number(value: int, form: str) -> str:
    """``value`` in one of Word's number formats; decimal for those that are rare."""
    if form in ("lowerLetter", "upperLetter") and value > 0:
        letter = chr(ord("a") + (value - 1) % 26) * ((value - 1) // 26 + 1)
        return letter.upper() if form == "upperLetter" else letter
    if form in ("lowerRoman", "upperRoman") and 0 < value < 4000:
        digits = []
        for size, sign in _ROMAN:
            times, value = divmod(value, size)
            digits.append(sign * times)
        roman = "".join(digits)
        return roman.upper() if form == "upperRoman" else roman
    return f"{value:02d}" if form == "decimalZero" else str(value)


def read_numbering(root: Any | None) -> Numbering:
    """The lists declared in ``word/numbering.xml``; none when the document has no such part."""
    if root is None:
        return Numbering({})
    abstract = {
        str(element.get(w("abstractNumId"))): _read_levels(element)
        for element in root.iterfind(w("abstractNum"))
    }
    lists: dict[str, dict[int, Level]] = {}
    for element in root.iterfind(w("num")):
        reference = element.find(w("abstractNumId"))
        levels = abstract.get(str(reference.get(w("val"))) if reference is not None else "", {})
        lists[str(element.get(w("numId")))] = levels
    return Numbering(lists)


def _read_levels(abstract: Any) -> dict[int, Level]:
    return {
        read_int(element.get(w("ilvl"))): Level(
            form=_value(element, "numFmt", "decimal"),
            text=_value(element, "lvlText", ""),
            start=read_int(_value(element, "start", "1")),
        )
        for element in abstract.iterfind(w("lvl"))
    }


def _value(element: Any, name: str, default: str) -> str:
    child = element.find(w(name))
    return str(child.get(w("val"), default)) if child is not None else default


def read_int(value: str | None) -> int:
    """A small number from an attribute; 0 for anything else."""
    return int(value) if value is not None and re.fullmatch(r"\d{1,6}", value, re.ASCII) else 0
