import pytest

from altiplano_plugins.parser_html import HtmlParser
from altiplano_plugins.parser_html.charset import decode_html
from altiplano_plugins.parser_html.extraction import extract_html
from altiplano_sdk import UnreadableDocumentError


def text_of(markup: str) -> str:
    return extract_html(markup).text


def test_blocks_become_paragraphs():
    assert text_of("<h1>Title</h1><p>One\n two</p><div>Three</div><div>Four</div>") == (
        "Title\n\nOne two\n\nThree\nFour"
    )


def test_inline_elements_do_not_break_words():
    assert text_of("<p>com<b>post</b> <i>matures</i> slowly</p>") == "compost matures slowly"


def test_lists_keep_marks_and_numbers():
    markup = "<p>Do:</p><ul><li>water<li>weed</ul><ol start=3><li><p>dig</p></li><li>sow</li></ol>"
    assert text_of(markup) == "Do:\n\n- water\n- weed\n\n3. dig\n4. sow"


def test_table_rows_become_lines():
    markup = (
        "<table><tr><th>Crop<th>Month</tr>"
        "<tr><td><p>Peas</p><p>green</p><td></td><td>May<br>June</td></tr></table>"
    )
    assert text_of(markup) == "Crop | Month\nPeas green | May June"


def test_preformatted_text_keeps_its_lines():
    assert text_of("<pre>if x:\n    y()\n</pre>after") == "if x:\n    y()\n\nafter"


def test_entities_are_decoded():
    assert text_of("<p>caf&eacute; &amp; th&#233; &lt;3</p>") == "café & thé <3"


def test_lone_no_break_space_is_typography_and_a_row_of_them_layout():
    assert text_of("<p>Quoi&nbsp;?&nbsp;&nbsp;&nbsp; Rien.</p>") == "Quoi\u00a0? Rien."


@pytest.mark.parametrize(
    "secret",
    [
        "<script>SECRET</script>",
        "<style>SECRET</style>",
        "<template><p>SECRET</p></template>",
        "<noscript>SECRET</noscript>",
        "<!-- SECRET -->",
        "<p hidden>SECRET</p>",
        "<div aria-hidden=true><p>SECRET</p></div>",
        "<p style='color:red; DISPLAY : none'>SECRET</p>",
        "<p style='visibility:hidden'>SECRET</p>",
        "<span style='font-size:0px'>SECRET</span>",
        "<span style='opacity:0'>SECRET</span>",
        "<dialog>SECRET</dialog>",
        "<nav>SECRET</nav>",
        "<div role=navigation>SECRET</div>",
        "<svg><text>SECRET</text></svg>",
        "<img alt=SECRET>",
        "<input value=SECRET>",
    ],
)
def test_what_no_visitor_reads_is_left_out(secret):
    assert text_of(f"<p>before</p>{secret}<p>after</p>") == "before\n\nafter"


@pytest.mark.parametrize("style", ["opacity:0.5", "font-size:10px", "display:block"])
def test_visible_styles_stay(style):
    assert text_of(f"<p style='{style}'>shown</p>") == "shown"


def test_hidden_text_is_announced(parse):
    document = parse(HtmlParser, b"<p>seen</p><p hidden>unseen</p><p hidden></p>")
    assert document.warnings == ("Text that the page hides from its readers was left out.",)
    assert parse(HtmlParser, b"<p>seen</p><p hidden> </p>").warnings == ()


def test_navigation_is_kept_on_request(parse):
    markup = b"<nav>Menu</nav><p>Text</p>"
    assert parse(HtmlParser, markup).text == "Text"
    assert parse(HtmlParser, markup, keep_navigation=True).text == "Menu\n\nText"


def test_title_is_the_pages_or_its_first_heading():
    assert extract_html("<title> A  b </title><h1>C</h1>").title == "A b"
    assert extract_html("<h1>C <b>d</b></h1>").title == "C d"
    assert extract_html("<p>none</p>").title is None


@pytest.mark.parametrize(
    ("content", "text"),
    [
        ('<meta charset="windows-1251"><p>Привет</p>'.encode("cp1251"), "Привет"),
        ('<meta http-equiv=x content="text/html; charset=Shift_JIS">春'.encode("cp932"), "春"),
        ('<meta charset="iso-8859-1"><p>10 €</p>'.encode("cp1252"), "10 €"),
        ('<meta charset="iso-8859-1"><p>été</p>'.encode("utf-16"), "été"),
        ('<meta charset="utf-16"><p>été</p>'.encode(), "été"),
        ('<meta charset="utf-8"><p>été €</p>'.encode("cp1252"), "été €"),
        ('<meta charset="no-such"><p>été</p>'.encode(), "été"),
        ('<?xml version="1.0" encoding="utf-8"?><html><p>été</p></html>'.encode(), "été"),
    ],
)
def test_encoding_is_the_mark_then_the_declaration_then_a_guess(content, text):
    assert text_of(decode_html(content)) == text


def test_entity_declarations_are_not_expanded():
    bomb = '<!DOCTYPE html [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]><p>&b; end</p>'
    assert "aaaa" not in text_of(bomb).split("]>")[-1]


def test_deeply_nested_page_is_read_to_its_end():
    assert text_of("<div>" * 1500 + "deep" + "</div>" * 1500 + "<p>after</p>") == "deep\n\nafter"


def test_page_nested_beyond_reason_is_refused_rather_than_cut():
    with pytest.raises(UnreadableDocumentError, match="nested too deeply"):
        text_of("<p>before</p>" + "<div>" * 50_000 + "deep")


@pytest.mark.parametrize("content", [b"", b"   ", b"<p></p>", b"<script>x</script>", b"<!-- -->"])
def test_page_without_text_is_refused(parse, content):
    with pytest.raises(UnreadableDocumentError, match="shows no text"):
        parse(HtmlParser, content)
