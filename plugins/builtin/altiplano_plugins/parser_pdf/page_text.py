"""One page's text through PDFium's own functions.

The classes of pypdfium2 ask for a page's text twice, once to learn its size; asking once makes
up for all the cleaning that follows.
"""

import ctypes
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pypdfium2 as pdfium
import pypdfium2.raw as pdfium_c

_SLACK_UNITS = 64


def read_page_text(document: Any, index: int) -> str:
    """The text that lies within the page, in reading order, as PDFium breaks it into lines.

    Text outside of the page is not seen by its readers and not returned. Raises PdfiumError when
    the page cannot be loaded.
    """
    with _loaded(pdfium_c.FPDF_LoadPage(document, index), pdfium_c.FPDF_ClosePage) as page:
        box = pdfium_c.FS_RECTF()
        if not pdfium_c.FPDF_GetPageBoundingBox(page, box):
            raise pdfium.PdfiumError("The page has no size.")
        with _loaded(pdfium_c.FPDFText_LoadPage(page), pdfium_c.FPDFText_ClosePage) as text_page:
            # A character takes at most two units of UTF-16.
            size = 2 * max(0, pdfium_c.FPDFText_CountChars(text_page)) + _SLACK_UNITS
            buffer = (ctypes.c_ushort * size)()
            units = pdfium_c.FPDFText_GetBoundedText(
                text_page, box.left, box.top, box.right, box.bottom, buffer, size
            )
            content = ctypes.string_at(buffer, 2 * min(units, size))
    return content.decode("utf-16-le", errors="ignore").rstrip("\x00")


@contextmanager
def _loaded(handle: Any, close: Any) -> Iterator[Any]:
    if not handle:
        raise pdfium.PdfiumError("PDFium could not load the page.")
    try:
        yield handle
    finally:
        close(handle)
