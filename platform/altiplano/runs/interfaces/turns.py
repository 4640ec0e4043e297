"""Answers as HTML, each citation a chip that leads to its passage."""

import re
from collections.abc import Sequence

from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from altiplano.knowledge.places import place_of
from altiplano.runs.interfaces.chat_routes import RunRoutes
from altiplano.runs.models import Citation
from altiplano.web.markdown import mark_places, render_markdown

_MARKER = re.compile(r" ?\[(\d{1,3})\]")
_AFTER_SENTENCE = 6
"""How far behind a sentence its own marker may stand, as in “… months. [1]”."""


def render_answer(text: str, citations: Sequence[Citation], here: RunRoutes) -> SafeString:
    """The answer with a chip where it names a source and after every sentence that rests on one.

    Markers that the model wrote are replaced by chips; those that name no source are left out.
    """
    plain, chips = _place_chips(text, citations)
    return render_markdown(mark_places(plain, chips), [_chip(each, here) for each in citations])


def number_sources(text: str, citations: Sequence[Citation]) -> str:
    """The answer as it is in writing, with ``[n]`` where :func:`render_answer` has a chip."""
    plain, chips = _place_chips(text, citations)
    for offset, index in reversed(chips):
        plain = f"{plain[:offset]} [{citations[index].n}]{plain[offset:]}"
    return plain


def _place_chips(text: str, citations: Sequence[Citation]) -> tuple[str, list[tuple[int, int]]]:
    """The text without the model's markers, and where which citation's chip stands in it."""
    markers = list(_MARKER.finditer(text))
    chips: list[tuple[int, int]] = []  # offset in the text, index into citations
    for index, citation in enumerate(citations):
        own = [
            marker
            for marker in markers
            if int(marker[1]) == citation.n
            and citation.answer_start <= marker.start() <= citation.answer_end + _AFTER_SENTENCE
        ]
        chips.append((own[-1].end() if own else citation.answer_end, index))
    return _without(text, markers, chips)


def _without(
    text: str, markers: Sequence[re.Match[str]], chips: list[tuple[int, int]]
) -> tuple[str, list[tuple[int, int]]]:
    """The text without the markers, the chips moved accordingly; twins at one place are one."""
    pieces: list[str] = []
    last = 0
    for marker in markers:
        pieces.append(text[last : marker.start()])
        last = marker.end()
    pieces.append(text[last:])

    def moved(offset: int) -> int:
        return offset - sum(
            min(marker.end(), offset) - marker.start()
            for marker in markers
            if marker.start() < offset
        )

    placed = sorted({(min(moved(offset), len(text)), index) for offset, index in chips})
    return "".join(pieces), placed


def _chip(citation: Citation, here: RunRoutes) -> SafeString:
    """The link; a word joiner before it keeps it on the line of the words it supports."""
    label = _("Source %(n)d: %(place)s") % {
        "n": citation.n,
        "place": place_of(citation.document_name, citation.page),
    }
    return format_html(
        '\u2060<a class="chip" href="{}" data-source="{}" aria-label="{}" title="{}">{}</a>',
        here.source_of(citation.document_id, citation.start, citation.end),
        _("Source"),
        label,
        label,
        f"[{citation.n}]",
    )
