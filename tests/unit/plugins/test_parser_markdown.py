import pytest

from altiplano_plugins.parser_markdown import MarkdownParser
from altiplano_plugins.parser_markdown.rendering import render_markdown
from altiplano_sdk import UnreadableDocumentError


def text_of(markdown: str) -> str:
    return render_markdown(markdown).text


def test_marks_are_not_part_of_the_text():
    markdown = (
        "# Title\n\nSome **bold**, _soft_ and [linked](https://example.org) `code`.\n\n> Quote"
    )
    assert text_of(markdown) == "Title\n\nSome bold, soft and linked code.\n\nQuote"


def test_wrapped_lines_become_one():
    assert text_of("one\ntwo\n\nthree") == "one two\n\nthree"


def test_tables_and_code_stay_readable():
    markdown = "| Crop | Month |\n|---|---|\n| Peas | May |\n\n```\nx = 1\n  y\n```"
    assert text_of(markdown) == "Crop | Month\nPeas | May\n\nx = 1\n  y"


def test_lists_keep_their_order():
    assert text_of("1. dig\n2. sow\n   - deep\n") == "1. dig\n2. sow\n- deep"


@pytest.mark.parametrize(
    ("markdown", "title"),
    [
        ("---\ntitle: 'The garden'\ndate: 2026-01-01\n---\n# Heading\ntext", "The garden"),
        ('+++\ntitle = "The garden"\n+++\ntext', "The garden"),
        ("# Heading\ntext", "Heading"),
        ("---\ndate: 2026\n---\ntext", None),
    ],
)
def test_front_matter_gives_the_title_and_is_removed(markdown, title):
    page = render_markdown(markdown)
    assert page.title == title
    assert "date" not in page.text
    assert page.text.endswith("text")


def test_rule_at_the_start_is_no_front_matter():
    assert text_of("---\nno closing fence") == "no closing fence"


def test_hidden_html_is_left_out(parse):
    document = parse(MarkdownParser, b"seen <span hidden>SECRET</span>\n\n<!-- SECRET -->\n")
    assert document.text == "seen"
    assert document.warnings == ("Text that the page hides from its readers was left out.",)


def test_file_without_text_is_refused(parse):
    with pytest.raises(UnreadableDocumentError, match="holds no text"):
        parse(MarkdownParser, b"---\ntitle: x\n---\n")
