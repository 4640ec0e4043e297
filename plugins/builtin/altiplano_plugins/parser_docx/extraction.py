"""From a Word archive to text.

The parts are read directly rather than through python-docx, which leaves out content controls,
text boxes, notes and list numbers, all of which a reader of the printed document sees.
"""

from pathlib import Path
from typing import Any

from altiplano_plugins.parser_docx.archive import DocxArchive
from altiplano_plugins.parser_docx.body import BodyReader
from altiplano_plugins.parser_docx.names import use_transitional_names, w
from altiplano_plugins.parser_docx.numbering import read_numbering
from altiplano_plugins.parser_docx.styles import read_styles
from altiplano_sdk import (
    PageSpan,
    ParsedDocument,
    UnreadableDocumentError,
    clean_text,
    hidden_warnings,
)

_TITLE = "{http://purl.org/dc/elements/1.1/}title"
_SEPARATOR = "\n\n"


def extract_docx(path: Path) -> ParsedDocument:
    """The document's text. Pages are those Word last laid out, where it left their breaks; a
    paragraph that crosses a break belongs to the page on which it starts.

    Raises UnreadableDocumentError when the file is no sound Word document or holds no text.
    """
    with DocxArchive(path) as archive:
        document = _read_part(archive, "document.xml")
        if document is None:
            raise UnreadableDocumentError("The file is not a Word document.")
        reader = BodyReader(
            numbering=read_numbering(_read_part(archive, "numbering.xml")),
            styles=read_styles(_read_part(archive, "styles.xml")),
            notes={
                kind: _read_notes(_read_part(archive, f"{kind}s.xml"), kind)
                for kind in ("footnote", "endnote")
            },
        )
        body = document.find(w("body"))
        if body is not None:
            reader.read(body)
        title = _title_of(archive) or reader.title
    return _join(reader.pages, title, left_out=reader.left_out)


def _read_part(archive: DocxArchive, name: str) -> Any | None:
    root = archive.read_xml(f"word/{name}")
    if root is not None:
        use_transitional_names(root)
    return root


def _read_notes(root: Any | None, kind: str) -> dict[str, Any]:
    """Notes by id, without the separators that Word keeps among them."""
    if root is None:
        return {}
    return {
        str(note.get(w("id"))): note
        for note in root.iterfind(w(kind))
        if note.get(w("type")) in (None, "normal")
    }


def _title_of(archive: DocxArchive) -> str | None:
    root = archive.read_xml("docProps/core.xml")
    element = root.find(_TITLE) if root is not None else None
    return clean_text(element.text or "").text[:300] or None if element is not None else None


def _join(pages: list[list[str]], title: str | None, *, left_out: bool) -> ParsedDocument:
    parts: list[str] = []
    spans: list[PageSpan] = []
    position = hidden = 0
    for number, blocks in enumerate(pages, start=1):
        clean = clean_text(_SEPARATOR.join(blocks))
        hidden += clean.hidden
        if clean.text and position:
            parts.append(_SEPARATOR)
            position += len(_SEPARATOR)
        parts.append(clean.text)
        spans.append(PageSpan(number, position, position + len(clean.text)))
        position += len(clean.text)
    if position == 0:
        raise UnreadableDocumentError(
            "The Word document holds no text. If it shows pictures of text, run text recognition "
            "(OCR) on them first."
        )
    warnings = ("Text that the document hides from its readers was left out.",) * left_out
    return ParsedDocument(
        text="".join(parts),
        pages=tuple(spans),
        title=clean_text(title).text or None if title else None,
        warnings=(*warnings, *hidden_warnings(hidden)),
    )
