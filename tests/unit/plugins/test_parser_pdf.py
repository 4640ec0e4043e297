import pytest

from altiplano_plugins.parser_pdf import PdfParser
from altiplano_plugins.parser_pdf.hyphens import join_hyphenated_words
from altiplano_sdk import UnreadableDocumentError
from tests.fakes import documents


@pytest.fixture
def pdf(tmp_path):
    return tmp_path / "stored"


def test_page_spans_hold_the_text_of_their_page(parse, pdf):
    documents.write_pdf(pdf, [["First page", "goes on"], ["Second page"]])
    document = parse(PdfParser, pdf)
    assert [document.text[page.start : page.end] for page in document.pages] == [
        "First page\ngoes on",
        "Second page",
    ]
    assert [page.number for page in document.pages] == [1, 2]
    assert document.text == "First page\ngoes on\n\nSecond page"


def test_page_without_text_keeps_its_number_and_is_announced(parse, pdf):
    documents.write_pdf(pdf, [[], ["Second page"], [], ["Fourth page"]])
    document = parse(PdfParser, pdf)
    assert document.text == "Second page\n\nFourth page"
    spans = {page.number: document.text[page.start : page.end] for page in document.pages}
    assert spans == {1: "", 2: "Second page", 3: "", 4: "Fourth page"}
    assert document.warnings == ("Pages without text (empty, or only pictures): 1, 3.",)


def test_long_list_of_pages_is_shortened(parse, pdf):
    documents.write_pdf(pdf, [["Text"], *[[]] * 12])
    assert parse(PdfParser, pdf).warnings == (
        "Pages without text (empty, or only pictures): 2, 3, 4, 5, 6, 7, 8, 9, 10, 11 and 2 more.",
    )


def test_text_outside_of_the_page_is_not_read(parse, pdf):
    from reportlab.pdfgen.canvas import Canvas

    canvas = Canvas(str(pdf), invariant=True)
    canvas.drawString(50, 700, "Shown to readers")
    canvas.drawString(5000, 700, "SECRET")
    canvas.drawString(50, -400, "SECRET")
    canvas.showPage()
    canvas.save()
    assert parse(PdfParser, pdf).text == "Shown to readers"


@pytest.mark.parametrize(
    ("written", "title"),
    [
        ("The garden", "The garden"),
        ("Microsoft Word - The garden", "The garden"),
        ("Microsoft Word - garden.docx", None),
        ("untitled", None),
        ("garden_v2.indd", None),
    ],
)
def test_title_is_the_documents_and_not_its_file_name(parse, pdf, written, title):
    documents.write_pdf(pdf, [["Text"]], title=written)
    assert parse(PdfParser, pdf).title == title


def test_dots_that_lead_to_a_page_number_are_shortened(parse, pdf):
    documents.write_pdf(pdf, [["Introduction . . . . . . . . . . . 3", "Wait... or stop."]])
    assert parse(PdfParser, pdf).text == "Introduction … 3\nWait... or stop."


def test_file_cut_near_its_end_is_read(parse, pdf):
    documents.write_pdf(pdf, [["First page"], ["Second page"]])
    content = pdf.read_bytes()
    pdf.write_bytes(content[: content.rindex(b"trailer") + 60])
    assert parse(PdfParser, pdf).text == "First page\n\nSecond page"


def test_protected_file_is_refused(parse, pdf):
    documents.write_pdf(pdf, [["Text"]], password="secret")
    with pytest.raises(UnreadableDocumentError, match="protected by a password"):
        parse(PdfParser, pdf)


def test_file_cut_at_its_start_is_refused(parse, pdf):
    documents.write_pdf(pdf, [["Text"]])
    pdf.write_bytes(pdf.read_bytes()[:200])
    with pytest.raises(UnreadableDocumentError, match="damaged or incomplete"):
        parse(PdfParser, pdf)


def test_scan_is_refused_with_advice(parse, pdf):
    documents.write_picture_pdf(pdf)
    with pytest.raises(UnreadableDocumentError, match=r"only pictures \(scanned pages\).*OCR"):
        parse(PdfParser, pdf)


def test_file_of_empty_pages_is_refused(parse, pdf):
    documents.write_pdf(pdf, [[], []])
    with pytest.raises(UnreadableDocumentError, match="holds no text"):
        parse(PdfParser, pdf)


@pytest.mark.parametrize(
    ("pages", "joined"),
    [
        (["multi\x02\r\nlateral"], ["multilateral"]),
        (["multi\x02lateral"], ["multilateral"]),
        (["numé\u2011\r\nrique"], ["numérique"]),
        (["soft\u2010\nware"], ["software"]),
        (["long\x02\r\nterm", "a long-term plan"], ["long-term", "a long-term plan"]),
        (["long\u2011\nterm", "a long\u2011term plan"], ["long-term", "a long\u2011term plan"]),
        (["sub\x02\nplots", "subplots, or sub-plots"], ["subplots", "subplots, or sub-plots"]),
        (["Saint\u2011\nDenis"], ["Saint-Denis"]),
        (["2020\u20112024"], ["2020\u20112024"]),
        (["2017\x02\r\n2023"], ["2017-2023"]),
        (["a-\nb stays"], ["a-\nb stays"]),
    ],
)
def test_words_broken_at_a_line_end_are_joined_as_the_document_writes_them(pages, joined):
    assert join_hyphenated_words(pages) == joined
