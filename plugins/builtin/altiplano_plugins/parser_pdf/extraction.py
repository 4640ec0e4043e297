"""Page after page through PDFium; spans are exact because text is final before it is joined."""

import re
from pathlib import Path
from typing import Any

import pypdfium2 as pdfium
import pypdfium2.raw as pdfium_c

from altiplano_plugins.parser_pdf.hyphens import join_hyphenated_words
from altiplano_plugins.parser_pdf.opening import open_pdf
from altiplano_plugins.parser_pdf.page_text import read_page_text
from altiplano_sdk import (
    PageSpan,
    ParsedDocument,
    UnreadableDocumentError,
    clean_text,
    hidden_warnings,
)

_SEPARATOR = "\n\n"
_DOT_LEADER = re.compile(r"(?<!\.)(?:[ \u00a0]?\.){5,}+[ \u00a0]?")
_INSPECTED_PAGES = 20
_TOOL_PREFIX = re.compile(
    r"^(?:Microsoft (?:Word|PowerPoint|Excel)|Word|PowerPoint) - ", re.IGNORECASE
)
_NO_TITLES = frozenset(("untitled", "sans titre", "(anonymous)", "unknown"))
_FILE_NAME = re.compile(r"^\S+\.(?:docx?|pptx?|xlsx?|indd|pdf|tex|dvi|odt|rtf|qxd)$", re.IGNORECASE)


def extract_pdf(path: Path) -> ParsedDocument:
    """The document's text, one span per page that could be read, in page order.

    Raises UnreadableDocumentError when it cannot be opened or no page has a text layer.
    """
    document = open_pdf(path)
    try:
        pages, unreadable = _read_pages(document)
        if not any(pages):
            raise UnreadableDocumentError(_why_no_text(document))
        return _join(join_hyphenated_words(pages), unreadable, _title_of(document))
    finally:
        document.close()


def _read_pages(document: Any) -> tuple[list[str], list[int]]:
    """The raw text of each page, and the numbers of pages that could not be opened."""
    pages: list[str] = []
    unreadable: list[int] = []
    for index in range(len(document)):
        try:
            pages.append(read_page_text(document, index))
        except pdfium.PdfiumError:
            pages.append("")
            unreadable.append(index + 1)
    return pages, unreadable


def _join(pages: list[str], unreadable: list[int], title: str | None) -> ParsedDocument:
    parts: list[str] = []
    spans: list[PageSpan] = []
    empty: list[int] = []
    position = hidden = 0
    for number, raw in enumerate(pages, start=1):
        clean = clean_text(_shorten_leaders(raw))
        hidden += clean.hidden
        if not clean.text:
            empty.append(number)
        elif position:
            parts.append(_SEPARATOR)
            position += len(_SEPARATOR)
        parts.append(clean.text)
        spans.append(PageSpan(number, position, position + len(clean.text)))
        position += len(clean.text)
    if position == 0:
        raise UnreadableDocumentError("The PDF holds no readable text.")
    pictures = [number for number in empty if number not in set(unreadable)]
    return ParsedDocument(
        text="".join(parts),
        pages=tuple(spans),
        title=title,
        warnings=(
            *_page_warning("could not be read", unreadable),
            *_page_warning("without text (empty, or only pictures)", pictures),
            *hidden_warnings(hidden),
        ),
    )


def _shorten_leaders(page: str) -> str:
    """Rows of dots that lead to a page number become an ellipsis."""
    if "....." in page or ". . ." in page or ".\u00a0." in page:
        return _DOT_LEADER.sub(" … ", page)
    return page


def _page_warning(what: str, numbers: list[int]) -> tuple[str, ...]:
    if not numbers:
        return ()
    shown = ", ".join(map(str, numbers[:10]))
    more = f" and {len(numbers) - 10} more" if len(numbers) > 10 else ""
    return (f"{'Page' if len(numbers) == 1 else 'Pages'} {what}: {shown}{more}.",)


def _why_no_text(document: Any) -> str:
    for index in range(min(len(document), _INSPECTED_PAGES)):
        try:
            page = document[index]
        except pdfium.PdfiumError:
            continue
        if next(page.get_objects(filter=[pdfium_c.FPDF_PAGEOBJ_IMAGE], max_depth=3), None):
            return (
                "The PDF holds only pictures (scanned pages) and no text. Run text recognition "
                "(OCR) on it and upload the result."
            )
    return "The PDF holds no text: its pages are empty or drawn."


def _title_of(document: Any) -> str | None:
    """The title in the file's properties, unless a tool filled it with the file's name."""
    try:
        raw = str(document.get_metadata_value("Title"))
    except (pdfium.PdfiumError, UnicodeError):
        return None
    title = " ".join(_TOOL_PREFIX.sub("", clean_text(raw).text).split())
    if not title or _FILE_NAME.match(title) or title.lower() in _NO_TITLES:
        return None
    return title[:300]
