"""Pictures of pages: sizes, and passages that are found where they stand."""

import io

import pytest
from PIL import Image
from reportlab.lib.pagesizes import A4
from reportlab.pdfgen.canvas import Canvas

from altiplano_plugins.parser_pdf.drawing import draw_pdf_page
from altiplano_plugins.parser_pdf.places import find_passage
from altiplano_sdk import PageWish, UnreadableDocumentError

PAPER = (255, 255, 255)


@pytest.fixture(scope="module")
def guide(tmp_path_factory):
    path = tmp_path_factory.mktemp("pdf") / "guide.pdf"
    canvas = Canvas(str(path), pagesize=A4)
    for page in range(2):
        for line in range(20):
            canvas.drawString(60, 780 - 20 * line, f"Beans climb in row {line} of bed {page}.")
        canvas.showPage()
    canvas.save()
    return path


def drawn(path, *args, **kwargs) -> Image.Image:
    return Image.open(io.BytesIO(draw_pdf_page(path, PageWish(*args, **kwargs)))).convert("RGB")


def coloured_rows(picture: Image.Image) -> list[int]:
    """Rows of the picture with something that is neither grey nor paper."""
    rows = []
    for y in range(0, picture.height, 4):
        pixels = [picture.getpixel((x, y)) for x in range(0, picture.width, 6)]
        if any(max(pixel) - min(pixel) > 20 for pixel in pixels):
            rows.append(y)
    return rows


def test_page_is_as_wide_as_wished_and_small(guide):
    data = draw_pdf_page(guide, PageWish(1, 800))
    assert abs(Image.open(io.BytesIO(data)).width - 800) <= 1
    assert len(data) < 40_000
    assert coloured_rows(drawn(guide, 1, 800)) == []


def test_passage_is_marked_on_its_line(guide):
    picture = drawn(guide, 2, 800, "climb in row 10 of bed")
    rows = coloured_rows(picture)
    assert rows
    assert max(rows) - min(rows) < 40
    expected = (842 - (780 - 200)) * picture.height / 842
    assert abs(sum(rows) / len(rows) - expected) < 15


def test_the_one_meant_of_several_equal_passages_is_marked(guide):
    first = coloured_rows(drawn(guide, 1, 800, "Beans climb"))
    sixth = coloured_rows(drawn(guide, 1, 800, "Beans climb", skipped=5))
    assert max(first) < min(sixth)


def test_passage_from_elsewhere_leaves_the_page_unmarked(guide):
    assert coloured_rows(drawn(guide, 1, 800, "Roses are red and violets are blue.")) == []


@pytest.mark.parametrize("page", [0, 3, 10**6])
def test_page_that_is_not_there_is_said(guide, page):
    with pytest.raises(UnreadableDocumentError, match="no such page"):
        draw_pdf_page(guide, PageWish(page, 800))


@pytest.mark.parametrize(
    ("page", "passage", "found"),
    [
        ("The docu-\r\nment ends.", "document", "docu-\r\nment"),
        ("an eﬃcient way", "efficient", "eﬃcient"),
        ("L\u2019été\narrive", "L'été arrive", "L\u2019été\narrive"),
        ("nothing", "else", None),
        ("nothing", "…", None),
        ("a\x00\ud800b", "ab", "a\x00\ud800b"),
    ],
)
def test_passage_is_found_by_its_letters(page, passage, found):
    span = find_passage([ord(letter) for letter in page], passage)
    assert (None if span is None else page[span[0] : span[1]]) == found
