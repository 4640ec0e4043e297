"""Markdown is rendered, then read like any page: raw HTML in it can hide nothing either."""

import re
from dataclasses import replace

from markdown_it import MarkdownIt

from altiplano_plugins.parser_html.extraction import HtmlPage, extract_html
from altiplano_sdk import clean_text

_FRONT_MATTER = re.compile(
    r"\A(?P<fence>---|\+\+\+)[^\S\n]*\n(?P<fields>.*?)^(?P=fence)[^\S\n]*$\n?",
    re.DOTALL | re.MULTILINE,
)
_TITLE = re.compile(r"""^title\s*[:=]\s*(["']?)(?P<title>.+?)\1\s*$""", re.MULTILINE)


def render_markdown(markdown: str) -> HtmlPage:
    """The page's text, and its title from the front matter or the first heading."""
    body = markdown.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    title = None
    front = _FRONT_MATTER.match(body)
    if front:
        body = body[front.end() :]
        found = _TITLE.search(front["fields"])
        title = clean_text(found["title"]).text[:300] if found else None
    renderer = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
    page = extract_html(renderer.render(body), keep_navigation=True)
    return replace(page, title=title) if title else page
