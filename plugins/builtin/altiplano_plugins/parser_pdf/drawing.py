"""A page of a PDF as a picture, with a passage of the extracted text marked on it."""

import ctypes
import io
from pathlib import Path
from typing import Any

import pypdfium2 as pdfium
import pypdfium2.raw as pdfium_c
from PIL import Image, ImageDraw

from altiplano_plugins.parser_pdf.opening import open_pdf
from altiplano_plugins.parser_pdf.places import find_passage
from altiplano_sdk import PageWish, UnreadableDocumentError

_MAX_RATIO = 4.0
"""Of height to width: a page that is a mile long is not drawn a mile long."""

_QUALITY = 50
_FEW_COLOURS = 2048
_PALETTE = 32
_MARK = (181, 101, 29, 72)
_EDGE = 2

_NO_PAGE = "The PDF has no such page."
_NOT_DRAWN = "This page of the PDF is damaged and cannot be drawn."

Box = tuple[int, int, int, int]


def draw_pdf_page(path: Path, wish: PageWish) -> bytes:
    """The page as a WebP. Raises UnreadableDocumentError."""
    document = open_pdf(path)
    try:
        if not 1 <= wish.page <= len(document):
            raise UnreadableDocumentError(_NO_PAGE, code="no_page")
        try:
            page = document[wish.page - 1]
            picture = _render(page, wish.width)
            boxes = _boxes(page, picture.size, wish) if wish.passage else []
        except pdfium.PdfiumError as error:
            raise UnreadableDocumentError(_NOT_DRAWN, code="not_drawn") from error
    finally:
        document.close()
    few = _with_few_colours(picture)
    file = io.BytesIO()
    if few is None:
        _mark(picture, boxes).save(file, "WEBP", quality=_QUALITY, method=4)
    else:
        _mark(few, boxes).save(file, "WEBP", lossless=True, method=3)
    return file.getvalue()


def _render(page: Any, width: int) -> Image.Image:
    across, down = page.get_size()
    if across <= 0 or down <= 0:
        raise pdfium.PdfiumError("The page has no size.")
    scale = min(width / across, width * _MAX_RATIO / down)
    picture: Image.Image = page.render(scale=scale).to_pil()
    return picture.convert("RGB")


def _boxes(page: Any, size: tuple[int, int], wish: PageWish) -> list[Box]:
    """Where the passage stands in the picture, about a box for each line."""
    text_page = page.get_textpage()
    try:
        count = max(0, pdfium_c.FPDFText_CountChars(text_page))
        letters = [pdfium_c.FPDFText_GetUnicode(text_page, index) for index in range(count)]
        found = find_passage(letters, wish.passage, skipped=wish.skipped)
        if found is None:
            return []
        first, last = found
        rects = pdfium_c.FPDFText_CountRects(text_page, first, last - first)
        return [box for n in range(rects) if (box := _box(page, text_page, n, size)) is not None]
    finally:
        text_page.close()


def _box(page: Any, text_page: Any, number: int, size: tuple[int, int]) -> Box | None:
    left, top, right, bottom = (ctypes.c_double() for _ in range(4))
    if not pdfium_c.FPDFText_GetRect(text_page, number, left, top, right, bottom):
        return None
    x1, y1 = _in_picture(page, size, left.value, top.value)
    x2, y2 = _in_picture(page, size, right.value, bottom.value)
    return (
        min(x1, x2) - _EDGE, min(y1, y2) - _EDGE, max(x1, x2) + _EDGE, max(y1, y2) + _EDGE
    )  # fmt: skip


def _in_picture(page: Any, size: tuple[int, int], x: float, y: float) -> tuple[int, int]:
    """The point of the page in pixels, turned as the page is shown."""
    across, down = ctypes.c_int(), ctypes.c_int()
    pdfium_c.FPDF_PageToDevice(page, 0, 0, size[0], size[1], 0, x, y, across, down)
    return across.value, down.value


def _with_few_colours(picture: Image.Image) -> Image.Image | None:
    """The same print in so few colours that without loss it takes an eighth; None for pictures."""
    if picture.getcolors(_FEW_COLOURS) is None:
        return None
    return picture.quantize(_PALETTE, dither=Image.Dither.NONE).convert("RGB")


def _mark(picture: Image.Image, boxes: list[Box]) -> Image.Image:
    if not boxes:
        return picture
    layer = Image.new("RGBA", picture.size, (0, 0, 0, 0))
    pen = ImageDraw.Draw(layer)
    for box in boxes:
        pen.rectangle(box, fill=_MARK)
    return Image.alpha_composite(picture.convert("RGBA"), layer).convert("RGB")
