"""The characters of one paragraph, and what hangs on them: notes, text boxes, page breaks."""

from collections.abc import Set as AbstractSet
from typing import Any

from altiplano_plugins.parser_docx.names import w
from altiplano_plugins.parser_docx.styles import is_vanished

_ALTERNATE = "{http://schemas.openxmlformats.org/markup-compatibility/2006}"
_MATH_TEXT = "{http://schemas.openxmlformats.org/officeDocument/2006/math}t"

_CHARACTERS = {
    w("tab"): "\t",
    w("ptab"): "\t",
    w("cr"): "\n",
    w("noBreakHyphen"): "\u2011",
}

_SKIPPED = frozenset(
    (w("pPr"), w("rPr"), w("sdtPr"), w("del"), w("moveFrom"), w("delText"), w("instrText"),
     w("fldData"), w("softHyphen"), f"{_ALTERNATE}Fallback")
)  # fmt: skip


class RunReader:
    """Reads one paragraph. Page breaks before its first character start it on a new page; those
    after move what follows.
    """

    def __init__(self, hidden_styles: AbstractSet[str], *, first_note: int) -> None:
        self._hidden_styles = hidden_styles
        self._parts: list[str] = []
        self.next_note = first_note
        self.notes: list[tuple[str, str, int]] = []
        self.text_boxes: list[Any] = []
        self.breaks_before = 0
        self.breaks_after = 0
        self.left_out = False

    def text(self) -> str:
        return "".join(self._parts)

    def read(self, element: Any) -> None:
        """Appends what ``element`` shows."""
        for child in element:
            tag = child.tag
            if tag in (w("t"), _MATH_TEXT):
                self._parts.append(child.text or "")
            elif tag in _CHARACTERS:
                self._parts.append(_CHARACTERS[tag])
            elif tag == w("lastRenderedPageBreak"):
                self._count_break()
            elif tag == w("br"):
                self._parts.append("\n")
            elif tag in (w("footnoteReference"), w("endnoteReference")):
                self._read_note(child)
            elif tag == w("txbxContent"):
                self.text_boxes.append(child)
            elif tag == w("r") and self._is_hidden(child):
                self.left_out = self.left_out or any(
                    (text.text or "").strip() for text in child.iter(w("t"))
                )
            elif isinstance(tag, str) and tag not in _SKIPPED:
                self.read(child)

    def _count_break(self) -> None:
        if any(part.strip() for part in self._parts):
            self.breaks_after += 1
        else:
            self.breaks_before += 1

    def _read_note(self, reference: Any) -> None:
        kind = "footnote" if reference.tag == w("footnoteReference") else "endnote"
        self.notes.append((kind, str(reference.get(w("id"))), self.next_note))
        self._parts.append(f" (note {self.next_note})")
        self.next_note += 1

    def _is_hidden(self, run: Any) -> bool:
        properties = run.find(w("rPr"))
        if properties is None:
            return False
        style = properties.find(w("rStyle"))
        return is_vanished(properties) or (
            style is not None and str(style.get(w("val"))) in self._hidden_styles
        )
