"""Walks a parsed page and writes down its visible text, block by block."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from lxml import etree, html

from altiplano_plugins.parser_html.visibility import is_hidden, is_navigation, is_never_shown
from altiplano_sdk import UnreadableDocumentError, clean_text

_PARAGRAPHS = frozenset({
    "p", "h1", "h2", "h3", "h4", "h5", "h6", "ul", "ol", "dl", "table", "blockquote", "pre",
    "figure", "figcaption", "article", "section", "main", "header", "footer", "aside",
    "address", "form", "fieldset", "details", "hr", "caption",
})  # fmt: skip
_LINES = frozenset({
    "div", "li", "tr", "dt", "dd", "br", "legend", "summary", "center", "body", "thead",
    "tbody", "tfoot",
})  # fmt: skip
_CELLS = frozenset(("td", "th"))
_KEEPS_SPACE = frozenset(("pre", "textarea"))

# A lone no-break space is typography and stays; a row of them is layout.
_SPACE = re.compile(r"\s{2,}|[ \t\n\r\f\v]")
_XML_DECLARATION = re.compile(r"^\s*<\?xml[^>]*\?>", re.IGNORECASE)
_NO_CHARACTER = re.compile("[\x00\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class HtmlPage:
    """A page's visible text, cleaned, and what its owner should know of it."""

    text: str
    title: str | None
    hidden_characters: int
    warnings: tuple[str, ...]


def extract_html(markup: str, *, keep_navigation: bool = False) -> HtmlPage:
    """The visible text of ``markup``: a line per list item and table row, an empty line between
    paragraphs, cells separated by `` | ``.

    Raises UnreadableDocumentError when no page can be made of the markup.
    """
    root = _parse(markup)
    if root is None:
        return HtmlPage("", None, 0, ())
    writer = _Writer(keep_navigation=keep_navigation)
    writer.write(root)
    clean = clean_text(writer.text())
    warnings = ("Text that the page hides from its readers was left out.",) * writer.left_out
    return HtmlPage(clean.text, _title_of(root), clean.hidden, warnings)


def _parse(markup: str) -> Any | None:
    # Characters that XML cannot hold would end the document early; a declaration would claim
    # an encoding for text that is already decoded.
    markup = _XML_DECLARATION.sub("", _NO_CHARACTER.sub("", markup))
    if not markup.strip():
        return None
    # Pages by editors nest deeper than libxml2's ordinary limit of 256, which would end the page
    # there; entities, the reason for caution in XML, cannot be declared in HTML.
    parser = html.HTMLParser(
        encoding="utf-8", remove_comments=True, remove_pis=True, no_network=True, huge_tree=True
    )
    try:
        root = html.document_fromstring(markup.encode("utf-8"), parser=parser)
    except etree.ParserError:
        return None  # nothing but comments
    except etree.XMLSyntaxError as error:
        raise UnreadableDocumentError("The page is damaged and could not be read.") from error
    if any(entry.type_name == "ERR_RESOURCE_LIMIT" for entry in parser.error_log):
        raise UnreadableDocumentError("The page is nested too deeply to be read.")
    return root


def _title_of(root: Any) -> str | None:
    for path in ("./head/title", ".//h1"):
        element = root.find(path)
        if element is not None:
            title = clean_text(_SPACE.sub(" ", "".join(element.itertext()))).text
            if title:
                return title[:300]
    return None


class _Writer:
    """Collects text while the tree is walked without recursion: markup may nest deeply."""

    def __init__(self, *, keep_navigation: bool) -> None:
        self._keep_navigation = keep_navigation
        self._parts: list[str] = []
        self._at_line_start = True
        self._ends_with_space = False
        self._cell_pending = False
        self._preserved = 0
        self._cells = 0
        self._mark = ""
        self._lists: list[int | None] = []
        self.left_out = False

    def text(self) -> str:
        return "".join(self._parts)

    def write(self, root: Any) -> None:
        walk: list[tuple[Any, Iterator[Any]]] = []
        if self._open(root):
            walk.append((root, iter(root)))
        while walk:
            element, children = walk[-1]
            child = next(children, None)
            if child is None:
                walk.pop()
                self._close(element)
                if walk:
                    self._say(element.tail)
            elif self._open(child):
                walk.append((child, iter(child)))
            else:
                self._say(child.tail)

    def _open(self, element: Any) -> bool:
        """Starts ``element``; False when it and what it holds are not to be read."""
        tag = element.tag
        if not isinstance(tag, str) or is_never_shown(tag):
            return False
        if is_hidden(element):
            self.left_out = self.left_out or any(text.strip() for text in element.itertext())
            return False
        if not self._keep_navigation and is_navigation(element):
            return False
        self._start_block(element, tag)
        self._say(element.text)
        return True

    def _start_block(self, element: Any, tag: str) -> None:
        if tag in _CELLS:
            self._cells += 1
            self._cell_pending = not self._at_line_start
            return
        self._break(tag)
        if tag in _KEEPS_SPACE:
            self._preserved += 1
        elif tag in ("ul", "ol"):
            self._lists.append(_first_number(element) if tag == "ol" else None)
        elif tag == "li":
            self._start_item()

    def _start_item(self) -> None:
        """Its mark is written with its first text: an item may hold none."""
        number = self._lists[-1] if self._lists else None
        if number is None:
            self._mark = "- "
        else:
            self._mark = f"{number}. "
            self._lists[-1] = number + 1

    def _close(self, element: Any) -> None:
        tag = element.tag
        if tag in _CELLS:
            self._cells -= 1
            return
        if tag in _KEEPS_SPACE:
            self._preserved -= 1
        elif tag == "li":
            self._mark = ""
        elif tag in ("ul", "ol") and self._lists:
            self._lists.pop()
        if tag != "br":
            self._break(tag)

    def _break(self, tag: str) -> None:
        """Ends the line where ``tag`` starts or ends a block. Inside a cell, a row stays one line."""
        if self._cells and tag not in ("table", "tr"):
            if tag in _PARAGRAPHS or tag in _LINES:
                self._say(" ")
        elif tag in _PARAGRAPHS and not self._lists:  # what lists hold are lines of one block
            self._parts.append("\n\n")
            self._at_line_start = True
        elif tag in _LINES or tag in _PARAGRAPHS:
            if not self._at_line_start or tag == "br":
                self._parts.append("\n")
            self._at_line_start = True

    def _say(self, text: str | None) -> None:
        if not text:
            return
        if self._preserved:
            self._put(text)
            self._at_line_start = text.endswith("\n")
            return
        words = _SPACE.sub(" ", text)
        if self._at_line_start or self._ends_with_space:
            words = words.lstrip()
        if words:
            self._put(words)

    def _put(self, text: str) -> None:
        if self._cell_pending and text.strip():
            self._parts.append("| " if self._ends_with_space else " | ")
            self._cell_pending = False
            text = text.lstrip()
        if text.strip() and self._mark:
            text = self._mark + text.lstrip()
            self._mark = ""
        self._parts.append(text)
        self._at_line_start = False
        self._ends_with_space = text.endswith(" ")


def _first_number(element: Any) -> int:
    start = element.get("start", "1").strip()
    return int(start) if start.isascii() and start.isdigit() and len(start) < 7 else 1
