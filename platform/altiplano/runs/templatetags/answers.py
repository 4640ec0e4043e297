"""Answers and their sources in templates."""

from typing import Any

from django import template
from django.utils.safestring import SafeString

from altiplano.runs.conversations import Turn
from altiplano.runs.interfaces import turns

register = template.Library()


@register.filter
def answer_html(turn: Turn) -> SafeString:
    """The turn's answer, as far as it was said."""
    text = turn.answer.text if turn.answer else ""
    return turns.render_answer(text, turn.citations)


@register.filter
def passage_url(passage: dict[str, Any]) -> str:
    """Where a found passage stands in its document."""
    return turns.source_url(passage["document_id"], passage["start"], passage["end"])
