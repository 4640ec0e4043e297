"""An answer as text to take along: question, answer, and what it rests on with addresses."""

import re
from collections.abc import Callable

from django.utils.translation import gettext as _

from altiplano.knowledge.places import place_of
from altiplano.runs.conversations import Turn
from altiplano.runs.interfaces.chat_routes import RunRoutes
from altiplano.runs.interfaces.turns import number_sources
from altiplano.runs.models import Citation

Absolute = Callable[[str], str]
"""Makes an address of this platform one that works elsewhere."""

_SIGNS = re.compile(r"\*\*|__|`|^#{1,6} +", re.MULTILINE)
_LOADS = re.compile(r"!\[|<(?=[A-Za-z!/?])")
"""What would make the page it is pasted into load or run something."""


def as_text(turn: Turn, here: RunRoutes, absolute: Absolute) -> str:
    """For a letter: without the signs of Markdown."""
    lines = [turn.run.question, "", _SIGNS.sub("", _answer_of(turn))]
    if turn.sources:
        lines += ["", _("Sources")]
    for citation in turn.sources:
        lines.append(f"[{citation.n}] {_place_of(citation)}: “{_flat(citation.quote)}”")
        if address := address_of(citation, here, absolute):
            lines.append(f"    {address}")
    return "\n".join(lines)


def as_markdown(turn: Turn, here: RunRoutes, absolute: Absolute) -> str:
    """For a page: with its signs, but nothing in it loads a picture or runs a script there."""
    question = "\n".join(f"> {line}" for line in turn.run.question.splitlines())
    lines = [_tame(question), "", _tame(_answer_of(turn))]
    if turn.sources:
        lines += ["", f"**{_('Sources')}**", ""]
    for citation in turn.sources:
        place = re.sub(r"([\[\]\\<>])", r"\\\1", _place_of(citation))
        if address := address_of(citation, here, absolute):
            place = f"[{place}](<{address}>)"
        lines.append(f"{citation.n}. {place}: “{_tame(_flat(citation.quote))}”")
    return "\n".join(lines)


def address_of(citation: Citation, here: RunRoutes, absolute: Absolute) -> str:
    """The document at the passage; empty where the reader may not open documents."""
    address = here.document_of(citation.document_id, citation.start, citation.end)
    return absolute(address) if address else ""


def _answer_of(turn: Turn) -> str:
    text = turn.answer.text if turn.answer else ""
    return number_sources(text, turn.citations).strip()


def _place_of(citation: Citation) -> str:
    return place_of(citation.document_name, citation.page)


def _tame(text: str) -> str:
    return _LOADS.sub(lambda found: "!\\[" if found[0] == "![" else "\\<", text)


def _flat(text: str) -> str:
    return " ".join(text.split())
