"""Answers as HTML: Markdown without raw HTML, images or scripts, with marks of our own in it.

A model writes what documents tell it to write, so its text is treated like a stranger's: parsed
without HTML, then cleaned once more against a list of harmless tags. Nothing is loaded, and a link
is its address in full: behind other words it could take along what the reader would not send.
"""

import re
from collections.abc import Sequence

import nh3
from django.utils.safestring import SafeString, mark_safe
from markdown_it import MarkdownIt
from markdown_it.common.utils import escapeHtml
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token
from markdown_it.utils import EnvType, OptionsDict

_TAGS = {
    "a", "blockquote", "br", "code", "em", "h3", "h4", "h5", "h6", "hr", "li", "ol", "p", "pre",
    "s", "strong", "table", "tbody", "td", "th", "thead", "tr", "ul",
}  # fmt: skip
_ATTRIBUTES = {"a": {"href"}, "ol": {"start"}}
_OPEN, _CLOSE = "\ue000", "\ue001"
_MARK = re.compile(f"{_OPEN}([0-9]+){_CLOSE}")

# Headings of an answer lie below those of the page, so h1 and h2 become h3 and h4.
_HEADING = re.compile(r"<(/?)h([12])>")

_parser = MarkdownIt("commonmark", {"html": False, "linkify": False}).enable(
    ["table", "strikethrough"]
)
_parser.disable(["image"])


def _open_link(
    renderer: RendererHTML, tokens: Sequence[Token], at: int, options: OptionsDict, env: EnvType
) -> str:
    is_address = tokens[at].markup == "autolink"
    return renderer.renderToken(tokens, at, options, env) if is_address else ""


def _close_link(
    renderer: RendererHTML, tokens: Sequence[Token], at: int, options: OptionsDict, env: EnvType
) -> str:
    """After the words of a link its address, which alone can be followed."""
    opening = next(token for token in reversed(tokens[:at]) if token.type == "link_open")
    if opening.markup == "autolink":
        return renderer.renderToken(tokens, at, options, env)
    address = escapeHtml(str(opening.attrs.get("href", "")))
    if not address.startswith(("https://", "http://", "mailto:")):
        return f" ({address})"
    return f' (<a href="{address}">{address}</a>)'


_parser.add_render_rule("link_open", _open_link)
_parser.add_render_rule("link_close", _close_link)


def mark_places(text: str, places: Sequence[tuple[int, int]]) -> str:
    """The text with the mark ``number`` after every offset of ``(offset, number)``.

    Characters that look like marks are taken out of the text, at no cost to the offsets.
    """
    plain = text.replace(_OPEN, " ").replace(_CLOSE, " ")
    pieces: list[str] = []
    last = 0
    for offset, number in sorted(places):
        pieces.append(plain[last:offset])
        pieces.append(f"{_OPEN}{number}{_CLOSE}")
        last = offset
    pieces.append(plain[last:])
    return "".join(pieces)


def render_markdown(text: str, marks: Sequence[SafeString] = ()) -> SafeString:
    """Safe HTML of ``text``; the mark ``n`` set by :func:`mark_places` becomes ``marks[n]``."""
    dirty = _HEADING.sub(lambda match: f"<{match[1]}h{int(match[2]) + 2}>", _parser.render(text))
    clean = nh3.clean(
        dirty,
        tags=_TAGS,
        attributes=_ATTRIBUTES,
        url_schemes={"https", "http", "mailto"},
        link_rel="nofollow noopener noreferrer",
    )

    def mark(match: re.Match[str]) -> str:
        number = int(match[1])
        return str(marks[number]) if number < len(marks) else ""

    return mark_safe(_MARK.sub(mark, clean))  # noqa: S308 - cleaned by nh3; the marks are safe
