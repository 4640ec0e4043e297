"""Walks the body of a document: paragraphs, tables, notes and page breaks in reading order."""

from collections.abc import Iterator, Mapping
from typing import Any

from altiplano_plugins.parser_docx.names import w
from altiplano_plugins.parser_docx.numbering import Numbering
from altiplano_plugins.parser_docx.runs import RunReader
from altiplano_plugins.parser_docx.styles import ListPlace, Styles, list_place

_ALTERNATE = "{http://schemas.openxmlformats.org/markup-compatibility/2006}"
_TRANSPARENT = frozenset(
    (w("sdt"), w("sdtContent"), w("smartTag"), w("customXml"), w("ins"), w("moveTo"), w("body"),
     f"{_ALTERNATE}AlternateContent", f"{_ALTERNATE}Choice")
)  # fmt: skip


class BodyReader:
    """Collects blocks of text per page. ``left_out`` tells whether hidden text was skipped."""

    def __init__(
        self,
        *,
        numbering: Numbering,
        styles: Styles,
        notes: Mapping[str, Mapping[str, Any]],
    ) -> None:
        self._numbering = numbering
        self._styles = styles
        self._notes = notes
        self._last_was_item = False
        self._noted = 1
        self.pages: list[list[str]] = [[]]
        self.title: str | None = None
        self.left_out = False

    def read(self, body: Any) -> None:
        """Appends what ``body`` shows to the pages."""
        for block in _blocks(body):
            if block.tag == w("tbl"):
                self._read_table(block)
            else:
                self._read_paragraph(block)

    def _read_paragraph(self, paragraph: Any) -> None:
        text, place, run = self._paragraph_text(paragraph)
        self.pages.extend([] for _ in range(run.breaks_before))
        if text:
            is_item = place is not None
            if is_item and self._last_was_item and self.pages[-1]:
                self.pages[-1][-1] += f"\n{text}"  # the items of a list are lines of one block
            else:
                self.pages[-1].append(text)
            self._last_was_item = is_item
            if self.title is None and _style_of(paragraph) in self._styles.titles:
                self.title = text[:300]
        for box in run.text_boxes:
            self.read(box)
        self._append_notes(run)
        self.pages.extend([] for _ in range(run.breaks_after))

    def _append_notes(self, run: RunReader) -> None:
        for kind, note_id, number in run.notes:
            note = self._notes.get(kind, {}).get(note_id)
            lines = (
                [self._paragraph_text(line)[0] for line in _blocks(note)]
                if note is not None
                else []
            )
            text = " ".join(line for line in lines if line)
            if text:
                self.pages[-1].append(f"Note {number}: {text}")
                self._last_was_item = False

    def _paragraph_text(self, paragraph: Any) -> tuple[str, ListPlace | None, RunReader]:
        """The paragraph as one block, its place in a list, and what else its runs held."""
        run = RunReader(self._styles.hidden, first_note=self._noted)
        run.read(paragraph)
        self._noted = run.next_note
        self.left_out = self.left_out or run.left_out
        text = run.text().strip()
        place = self._place_of(paragraph)
        if text and place is not None:
            label = self._numbering.next_label(place.list_id, place.level)
            text = f"{'  ' * place.level}{label} {text}" if label else text
        return text, place, run

    def _place_of(self, paragraph: Any) -> ListPlace | None:
        own = list_place(paragraph.find(w("pPr")))
        place = own or self._styles.places.get(_style_of(paragraph))
        return place if place is not None and place.list_id in self._numbering.lists else None

    def _read_table(self, table: Any) -> None:
        """Rows become lines, cells are separated by `` | ``; page breaks fall between rows."""
        rows: list[str] = []
        for row in _rows(table):
            cells, breaks = self._row_cells(row)
            if breaks:
                self._append_rows(rows)
                rows = []
                self.pages.extend([] for _ in range(breaks))
            if any(cells):
                rows.append(" | ".join(cell for cell in cells if cell))
        self._append_rows(rows)

    def _append_rows(self, rows: list[str]) -> None:
        if rows:
            self.pages[-1].append("\n".join(rows))
        self._last_was_item = False

    def _row_cells(self, row: Any) -> tuple[list[str], int]:
        cells: list[str] = []
        breaks = 0
        for cell in _cells(row):
            words, cell_breaks = self._cell_text(cell)
            cells.append(words)
            breaks = max(breaks, cell_breaks)
        return cells, breaks

    def _cell_text(self, cell: Any) -> tuple[str, int]:
        words: list[str] = []
        breaks = 0
        for block in _blocks(cell):
            if block.tag == w("tbl"):
                for row in _rows(block):
                    inner, inner_breaks = self._row_cells(row)
                    words.extend(inner)
                    breaks += inner_breaks
            else:
                text, _, run = self._paragraph_text(block)
                words.append(text)
                breaks += run.breaks_before + run.breaks_after
                words.extend(self._cell_text(box)[0] for box in run.text_boxes)
        return " ".join(" ".join(words).split()), breaks


def _style_of(paragraph: Any) -> str:
    style = paragraph.find(f"{w('pPr')}/{w('pStyle')}")
    return str(style.get(w("val"))) if style is not None else ""


def _blocks(parent: Any) -> Iterator[Any]:
    """The paragraphs and tables of ``parent``, through wrappers, without deleted ones."""
    for child in parent:
        if child.tag in (w("p"), w("tbl")):
            yield child
        elif child.tag in _TRANSPARENT:
            yield from _blocks(child)


def _rows(table: Any) -> Iterator[Any]:
    for child in table:
        if child.tag == w("tr") and child.find(f"{w('trPr')}/{w('del')}") is None:
            yield child
        elif child.tag in _TRANSPARENT:
            yield from _rows(child)


def _cells(row: Any) -> Iterator[Any]:
    for child in row:
        if child.tag == w("tc"):
            yield child
        elif child.tag in _TRANSPARENT:
            yield from _cells(child)
