"""A text as a search for names needs it, with the way back to the text as it was written."""

import html
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

_TOKENS = re.compile(
    r"(?P<tag></?[a-zA-Z][^<>]{0,500}>|<!--.{0,500}?-->)"
    r"|(?P<entity>&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});)"
    r"|(?P<mark>[*`~]+|\\(?=[^\w\s]))"
    r"|(?P<text>.)",
    re.DOTALL,
)
_BLOCK = re.compile(
    r"</?(?:p|div|br|li|ul|ol|h[1-6]|tr|td|th|table|section|blockquote|pre|hr)\b", re.IGNORECASE
)
_LOOKALIKES = str.maketrans(
    "аеорсухіјѕһԁԛԝαοερικνυΑΒΕΖΗΙΚΜΝΟΡΤΥΧ",
    "aeopcyxijshdqwaoepiknuabezhikmnoptyx",
)
_APART = {"œ": "oe", "æ": "ae", "ø": "o", "ł": "l", "đ": "d", "\u0131": "i"}


@dataclass(frozen=True, slots=True)
class FoldedText:
    """``text`` in lower case without accents, markup and invisible characters.

    Everything between words is one space, but for the ``.``, ``@`` and ``'`` that names are made
    of. ``origins[i]`` is where character ``i`` stands in the source, as start and end.
    """

    source: str
    text: str
    origins: tuple[tuple[int, int], ...]

    def pieces(self, start: int, end: int) -> tuple[tuple[int, int], ...]:
        """The parts of the source that show these characters, without the markup between them."""
        joined: list[tuple[int, int]] = []
        for begin, stop in self.origins[start:end]:
            if joined and begin <= joined[-1][1]:
                joined[-1] = (joined[-1][0], max(stop, joined[-1][1]))
            else:
                joined.append((begin, stop))
        return tuple(joined)


def fold_text(source: str) -> FoldedText:
    """The text folded, every character of it standing for something in the source."""
    characters: list[str] = []
    origins: list[tuple[int, int]] = []
    for shown, start, end in _visible(source):
        kept = False
        for character in _fold(shown):
            if character == " " and (not characters or characters[-1] == " "):
                continue
            characters.append(character)
            origins.append((start, end))
            kept = True
        if not kept and origins and origins[-1][1] == start:
            # An accent, a soft hyphen or a second space belongs to what it follows.
            origins[-1] = (origins[-1][0], end)
    return FoldedText(source, "".join(characters), tuple(origins))


def _visible(source: str) -> Iterator[tuple[str, int, int]]:
    """What a reader sees, piece by piece; a tag that ends a block is seen as a space."""
    for match in _TOKENS.finditer(source):
        start, end = match.span()
        if match.lastgroup == "tag":
            if _BLOCK.match(match[0]):
                yield " ", start, end
        elif match.lastgroup == "entity":
            yield html.unescape(match[0]), start, end
        elif match.lastgroup == "text":
            yield match[0], start, end


def _fold(shown: str) -> Iterator[str]:
    decomposed = unicodedata.normalize("NFKD", shown.translate(_LOOKALIKES)).casefold()
    for character in unicodedata.normalize("NFKD", decomposed):
        category = unicodedata.category(character)
        if category in {"Mn", "Me", "Cf"}:
            continue
        for each in _APART.get(character, character).translate(_LOOKALIKES):
            if each.isalnum() or each in ".@":
                yield each
            else:
                yield "'" if each in "'\u2019\u02bc\u00b4" else " "
