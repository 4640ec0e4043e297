"""Answers and their sources in templates."""

import uuid
from typing import Any

from django import template
from django.utils.safestring import SafeString

from altiplano.kernel import reasons
from altiplano.runs.conversations import Turn
from altiplano.runs.interfaces import turns
from altiplano.runs.interfaces.chat_routes import ChatRoutes, RunRoutes

register = template.Library()


@register.filter
def of_run(routes: ChatRoutes, run_id: uuid.UUID) -> RunRoutes:
    """The addresses of one run."""
    return routes.of_run(run_id)


@register.simple_tag
def answer_html(turn: Turn, here: RunRoutes) -> SafeString:
    """The turn's answer, as far as it was said."""
    text = turn.answer.text if turn.answer else ""
    return turns.render_answer(text, turn.citations, here)


@register.filter
def source_of(here: RunRoutes, passage: dict[str, Any]) -> str:
    """Where a found passage can be read."""
    return here.source_of(passage["document_id"], passage["start"], passage["end"])


@register.filter
def in_my_language(sentence: str) -> str:
    """What a worker stored, in the reader's language."""
    return reasons.in_my_language(sentence)
