import zipfile

import pytest

from altiplano_plugins.parser_docx import DocxParser, archive
from altiplano_plugins.parser_docx.numbering import write_number
from altiplano_sdk import UnreadableDocumentError
from tests.fakes import documents

W = f'xmlns:w="{documents.WORD_NAMESPACE}"'


def p(content: str, properties: str = "") -> str:
    return f"<w:p><w:pPr>{properties}</w:pPr>{content}</w:p>"


def t(text: str, properties: str = "") -> str:
    return f'<w:r><w:rPr>{properties}</w:rPr><w:t xml:space="preserve">{text}</w:t></w:r>'


@pytest.fixture
def parse_body(parse, tmp_path):
    """Parses a document whose body is raw WordprocessingML."""

    def run(body, parts=None):
        documents.write_raw_docx(tmp_path / "stored", body, parts)
        return parse(DocxParser, tmp_path / "stored")

    return run


def test_paragraphs_tables_and_title_as_word_writes_them(parse, tmp_path):
    import docx

    document = docx.Document()
    document.add_heading("The garden", level=0)
    document.add_paragraph("Open every day.")
    table = document.add_table(rows=2, cols=2)
    for row, values in zip(table.rows, [("Crop", "Month"), ("Peas", "May")], strict=True):
        for cell, value in zip(row.cells, values, strict=True):
            cell.text = value
    document.add_paragraph("After the table.")
    document.core_properties.title = ""
    document.save(tmp_path / "stored")
    parsed = parse(DocxParser, tmp_path / "stored")
    assert parsed.text == (
        "The garden\n\nOpen every day.\n\nCrop | Month\nPeas | May\n\nAfter the table."
    )
    assert parsed.title == "The garden"


def test_what_is_printed_is_read(parse_body):
    """Content controls, insertions, links, fields' results and special characters."""
    body = p(
        f"<w:sdt><w:sdtPr/><w:sdtContent>{t('Name: ')}</w:sdtContent></w:sdt>"
        f"<w:ins>{t('new ')}</w:ins><w:hyperlink>{t('link')}</w:hyperlink>"
        "<w:r><w:tab/><w:t>a</w:t><w:noBreakHyphen/><w:t>b</w:t><w:br/><w:t>c</w:t></w:r>"
    )
    assert parse_body(body).text == "Name: new link\ta\u2011b\nc"


def test_what_is_deleted_or_code_is_not_read(parse_body):
    body = p(
        f"{t('kept')}<w:del><w:r><w:delText>gone</w:delText></w:r></w:del>"
        "<w:r><w:instrText>PAGE</w:instrText></w:r>"
        f"<w:moveFrom>{t('moved')}</w:moveFrom>"
    )
    assert parse_body(body).text == "kept"


def test_hidden_text_is_left_out_and_announced(parse_body):
    body = p(t("seen ") + t("SECRET", "<w:vanish/>") + t("too", '<w:vanish w:val="0"/>'))
    document = parse_body(body)
    assert document.text == "seen too"
    assert document.warnings == ("Text that the document hides from its readers was left out.",)


def test_text_hidden_by_a_style_is_left_out(parse_body):
    styles = (
        f'<w:styles {W}><w:style w:styleId="Base"><w:rPr><w:vanish/></w:rPr></w:style>'
        '<w:style w:styleId="Secret"><w:basedOn w:val="Base"/></w:style></w:styles>'
    )
    body = p(t("seen") + t("SECRET", '<w:rStyle w:val="Secret"/>'))
    assert parse_body(body, {"word/styles.xml": styles}).text == "seen"


def test_lists_show_their_numbers(parse_body):
    numbering = (
        f'<w:numbering {W}><w:abstractNum w:abstractNumId="7">'
        '<w:lvl w:ilvl="0"><w:start w:val="3"/><w:numFmt w:val="decimal"/>'
        '<w:lvlText w:val="Article %1."/></w:lvl>'
        '<w:lvl w:ilvl="1"><w:numFmt w:val="lowerLetter"/><w:lvlText w:val="%1.%2)"/></w:lvl>'
        '<w:lvl w:ilvl="2"><w:numFmt w:val="bullet"/><w:lvlText w:val="o"/></w:lvl>'
        '</w:abstractNum><w:num w:numId="1"><w:abstractNumId w:val="7"/></w:num></w:numbering>'
    )

    def item(text, level):
        return p(t(text), f'<w:numPr><w:ilvl w:val="{level}"/><w:numId w:val="1"/></w:numPr>')

    body = item("A", 0) + item("B", 1) + item("C", 1) + item("D", 2) + item("E", 0) + item("F", 1)
    assert parse_body(body, {"word/numbering.xml": numbering}).text == (
        "Article 3. A\n  3.a) B\n  3.b) C\n    - D\nArticle 4. E\n  4.a) F"
    )


@pytest.mark.parametrize(
    ("value", "form", "written"),
    [
        (4, "decimal", "4"), (4, "decimalZero", "04"), (28, "lowerLetter", "bb"),
        (2, "upperLetter", "B"), (14, "lowerRoman", "xiv"), (1999, "upperRoman", "MCMXCIX"),
        (0, "upperRoman", "0"), (3, "chineseCounting", "3"),
    ],
)  # fmt: skip
def test_numbers_are_written_in_words_formats(value, form, written):
    assert write_number(value, form) == written


def test_notes_follow_the_paragraph_that_refers_to_them(parse_body):
    notes = (
        f'<w:footnotes {W}><w:footnote w:type="separator" w:id="-1">{p(t("---"))}</w:footnote>'
        f'<w:footnote w:id="2">{p(t("Source: city council."))}</w:footnote></w:footnotes>'
    )
    body = p(t("Open daily") + '<w:r><w:footnoteReference w:id="2"/></w:r>' + t(".")) + p(t("End."))
    assert parse_body(body, {"word/footnotes.xml": notes}).text == (
        "Open daily (note 1).\n\nNote 1: Source: city council.\n\nEnd."
    )


def test_text_box_is_read_once(parse_body):
    mc = 'xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006"'
    box = f"<w:txbxContent>{p(t('In the box'))}</w:txbxContent>"
    body = p(
        f"{t('Before')}<w:r><mc:AlternateContent {mc}><mc:Choice>{box}</mc:Choice>"
        f"<mc:Fallback>{box}</mc:Fallback></mc:AlternateContent></w:r>"
    )
    assert parse_body(body).text == "Before\n\nIn the box"


def test_pages_are_those_of_the_last_layout(parse_body):
    """A paragraph that crosses a page belongs to the page on which it starts."""
    rendered = "<w:r><w:lastRenderedPageBreak/></w:r>"
    body = (
        p(t("One")) + p(t("starts here ") + rendered + t("ends there")) + p(t("Two"))
        + p(rendered + t("Three"))
    )  # fmt: skip
    document = parse_body(body)
    assert [document.text[page.start : page.end] for page in document.pages] == [
        "One\n\nstarts here ends there",
        "Two",
        "Three",
    ]


def test_nested_tables_become_part_of_their_cell(parse_body):
    inner = f"<w:tbl><w:tr><w:tc>{p(t('in'))}</w:tc><w:tc>{p(t('ner'))}</w:tc></w:tr></w:tbl>"
    body = f"<w:tbl><w:tr><w:tc>{p(t('a'))}{inner}</w:tc><w:tc>{p(t('b'))}</w:tc></w:tr></w:tbl>"
    assert parse_body(body).text == "a in ner | b"


def test_strict_documents_are_read(parse, tmp_path):
    strict = "http://purl.oclc.org/ooxml/wordprocessingml/main"
    body = '<w:p><w:r><w:rPr><w:vanish w:val="0"/></w:rPr><w:t>strict</w:t></w:r></w:p>'
    document = f'<w:document xmlns:w="{strict}"><w:body>{body}</w:body></w:document>'
    documents.write_zip(tmp_path / "stored", {"word/document.xml": document})
    assert parse(DocxParser, tmp_path / "stored").text == "strict"


def test_entity_declarations_are_refused(parse, tmp_path):
    secret = tmp_path / "secret"
    secret.write_text("SECRET")
    for entity in ('"expanded"', f'SYSTEM "{secret.as_uri()}"'):
        document = (
            f"<!DOCTYPE d [<!ENTITY x {entity}>]>"
            f"<w:document {W}><w:body>{p(t('&x;'))}</w:body></w:document>"
        )
        documents.write_zip(tmp_path / "stored", {"word/document.xml": document})
        with pytest.raises(UnreadableDocumentError, match="XML entities"):
            parse(DocxParser, tmp_path / "stored")


def test_exponential_entities_are_refused_without_being_expanded(parse, tmp_path):
    entities = '<!ENTITY a0 "lol">' + "".join(
        f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 12)
    )
    document = (
        f"<!DOCTYPE d [{entities}]><w:document {W}><w:body>{p(t('&a11;'))}</w:body></w:document>"
    )
    documents.write_zip(tmp_path / "stored", {"word/document.xml": document})
    with pytest.raises(UnreadableDocumentError):
        parse(DocxParser, tmp_path / "stored")


def test_bomb_is_refused_before_it_is_unpacked(parse, tmp_path, monkeypatch):
    documents.write_zip(tmp_path / "stored", {"word/document.xml": b" " * 50_000_000})
    monkeypatch.setattr(zipfile.ZipFile, "open", lambda *_: pytest.fail("was unpacked"))
    with pytest.raises(UnreadableDocumentError, match="far more data"):
        parse(DocxParser, tmp_path / "stored")


def test_member_that_lies_about_its_size_is_refused(parse, tmp_path):
    """The list of members promises 100 bytes; millions come out."""
    documents.write_zip(tmp_path / "stored", {"word/document.xml": b" " * 5_000_000})
    content = (tmp_path / "stored").read_bytes()
    lying = content.replace((5_000_000).to_bytes(4, "little"), (100).to_bytes(4, "little"))
    assert lying != content
    with pytest.raises(UnreadableDocumentError, match="damaged"):
        parse(DocxParser, lying)


def test_part_that_grows_beyond_the_limit_is_refused(parse_body, monkeypatch):
    monkeypatch.setattr(archive, "MAX_PART_BYTES", 100)
    with pytest.raises(UnreadableDocumentError, match="far more data"):
        parse_body(p(t("x" * 200)))


def test_too_many_members_are_refused(parse, tmp_path, monkeypatch):
    monkeypatch.setattr(archive, "MAX_MEMBERS", 3)
    documents.write_zip(tmp_path / "stored", {f"m{n}": "" for n in range(4)})
    with pytest.raises(UnreadableDocumentError, match="far more data"):
        parse(DocxParser, tmp_path / "stored")


@pytest.mark.parametrize(
    ("members", "reason"),
    [
        ({"other.txt": "x"}, "not a Word document"),
        ({"word/document.xml": "no xml"}, "damaged"),
        ({"word/document.xml": ""}, "damaged"),
        ({"word/document.xml": f"<w:document {W}/>"}, "holds no text"),
        (
            {"word/document.xml": f"<w:document {W}><w:body>{p('')}</w:body></w:document>"},
            "no text",
        ),
    ],
)
def test_archive_that_is_no_document_is_refused(parse, tmp_path, members, reason):
    documents.write_zip(tmp_path / "stored", members)
    with pytest.raises(UnreadableDocumentError, match=reason):
        parse(DocxParser, tmp_path / "stored")


def test_protected_member_is_refused(parse, tmp_path):
    documents.write_raw_docx(tmp_path / "stored", p(t("x")))
    content = bytearray((tmp_path / "stored").read_bytes())
    content[content.index(b"PK\x01\x02") + 8] |= 1  # the flag in the list of members
    with pytest.raises(UnreadableDocumentError, match="password"):
        parse(DocxParser, bytes(content))
