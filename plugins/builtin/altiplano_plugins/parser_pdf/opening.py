"""Opens a PDF, mends one kind of damage, and says in a sentence why another cannot be opened."""

import re
from pathlib import Path
from typing import Any

import pypdfium2 as pdfium
import pypdfium2.raw as pdfium_c

from altiplano_sdk import UnreadableDocumentError

_ROOT = re.compile(rb"/Root\s+(\d{1,10})\s+(\d{1,5})\s+R")
_CATALOG = re.compile(rb"(\d{1,10})\s+(\d{1,5})\s+obj\s*<<[^<>]{0,400}/Type\s*/Catalog\b")

_OBJECT_END = b"endobj"

_DAMAGED = "The PDF is damaged or incomplete and cannot be opened. Try to save or export it again."
_PROTECTED = "The PDF is protected by a password. Remove the password and upload it again."


def open_pdf(path: Path) -> Any:
    """An open ``pypdfium2.PdfDocument``; the caller closes it.

    Raises UnreadableDocumentError for files that are empty, protected or beyond repair.
    """
    if path.stat().st_size == 0:
        raise UnreadableDocumentError("The file is empty.")
    try:
        return pdfium.PdfDocument(path)
    except pdfium.PdfiumError as error:
        if error.err_code in (pdfium_c.FPDF_ERR_PASSWORD, pdfium_c.FPDF_ERR_SECURITY):
            raise UnreadableDocumentError(_PROTECTED) from error
    content = path.read_bytes()
    for number, generation in _catalogs(content):
        try:
            return pdfium.PdfDocument(_with_trailer(content, number, generation))
        except pdfium.PdfiumError:
            continue
    raise UnreadableDocumentError(_DAMAGED)


def _catalogs(content: bytes) -> list[tuple[bytes, bytes]]:
    """Where the document may start, the most recent candidate first."""
    matches = (*_ROOT.finditer(content), *_CATALOG.finditer(content))
    found = [(match[1], match[2]) for match in matches]
    return list(dict.fromkeys(reversed(found)))[:3]


def _with_trailer(content: bytes, number: bytes, generation: bytes) -> bytes:
    """The file up to its last whole object, with a new end. PDFium finds the objects itself once
    it knows the catalog, which a file cut in its last few hundred bytes no longer tells it.
    """
    last = content.rfind(_OBJECT_END)
    whole = content[: last + len(_OBJECT_END)] if last >= 0 else content
    trailer = b"<</Root %s %s R/Size 8388607>>" % (number, generation)
    return whole + b"\ntrailer\n" + trailer + b"\nstartxref\n0\n%%EOF\n"
