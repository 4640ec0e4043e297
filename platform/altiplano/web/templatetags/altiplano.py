"""What templates need and Django does not bring."""

import re

from django import template
from django.utils.formats import number_format
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import get_language, get_language_info

from altiplano.kernel.reasons import in_my_language
from altiplano.kernel.sentences import said_size
from altiplano.web.markdown import render_markdown

register = template.Library()
register.filter(in_my_language)

TICKED = re.compile("`([^`]+)`")


@register.filter
def as_markdown(text: str) -> SafeString:
    """A text in Markdown as safe HTML, like an answer."""
    return render_markdown(text)


@register.filter
def with_code(text: str) -> SafeString:
    """A sentence whose words between backticks are code, as HTML."""
    plain, code = "{}", "<code>{}</code>"
    parts = enumerate(TICKED.split(text))
    return SafeString("".join(format_html(code if i % 2 else plain, part) for i, part in parts))


@register.filter
def said_language(code: str) -> str:
    """What the reader's language calls a two-letter code: ``fr`` is “French”; unknown codes stay.

    Django's own ``language_name`` does not translate, and hides a filter that is called like it.
    """
    if not code:
        return ""
    try:
        name = str(get_language_info(code)["name_translated"])
    except KeyError:
        return code
    return name if get_language() == "en" else name.lower()  # a common noun, in French


@register.filter
def grouped(number: float) -> str:
    """The number as the language writes it: ``12345`` is “12,345” or, in French, “12 345”.

    What is not whole keeps one digit behind the point.
    """
    is_whole = float(number).is_integer()
    return number_format(
        int(number) if is_whole else number, decimal_pos=0 if is_whole else 1, force_grouping=True
    )


@register.filter
def size(count: int) -> str:
    """A number of bytes in larger units, as the sentences about limits say it: “53 kB”, “20 GB”."""
    return said_size(count)


@register.filter
def seconds(milliseconds: float | None) -> str:
    """Milliseconds as seconds with one digit behind the point; a dash for None."""
    return "\u2013" if milliseconds is None else number_format(milliseconds / 1000, decimal_pos=1)


@register.filter
def duration(milliseconds: float) -> str:
    """How long something took: “12.5 ms”, “340 ms”, and from a second on “1.2 s”."""
    if round(milliseconds) >= 1000:
        return f"{grouped(round(milliseconds / 1000, 1))} s"
    return f"{grouped(round(milliseconds, 1 if milliseconds < 100 else 0))} ms"


@register.filter
def share_of(part: float, whole: float) -> float:
    """How many per cent of the whole the part is; 0 of nothing."""
    return round(100 * part / whole, 1) if whole else 0.0
