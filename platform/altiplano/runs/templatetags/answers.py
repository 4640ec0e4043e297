"""Answers and their sources in templates."""

import uuid
from collections.abc import Mapping
from typing import Any

from django import template
from django.utils.safestring import SafeString

from altiplano.runs.conversations import Turn
from altiplano.runs.interfaces import copies, judging, turns
from altiplano.runs.interfaces.chat_routes import ChatRoutes, RunRoutes
from altiplano.runs.models import Citation, FeedbackReason, ReportReason

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


@register.simple_tag(takes_context=True)
def answer_text(context: Mapping[str, Any], turn: Turn, here: RunRoutes) -> str:
    """Question, answer and sources, to be pasted into a letter."""
    return copies.as_text(turn, here, context["request"].build_absolute_uri)


@register.simple_tag(takes_context=True)
def answer_markdown(context: Mapping[str, Any], turn: Turn, here: RunRoutes) -> str:
    """Question, answer and sources, to be pasted into a page."""
    return copies.as_markdown(turn, here, context["request"].build_absolute_uri)


@register.filter
def source_of(here: RunRoutes, passage: Citation | Mapping[str, Any]) -> str:
    """Where a cited or found passage can be read."""
    if isinstance(passage, Citation):
        return here.source_of(passage.document_id, passage.start, passage.end)
    return here.source_of(passage["document_id"], passage["start"], passage["end"])


@register.simple_tag(takes_context=True)
def source_address(context: Mapping[str, Any], here: RunRoutes, citation: Citation) -> str:
    """Where the document is, for paper; empty where the reader may not open it."""
    return copies.address_of(citation, here, context["request"].build_absolute_uri)


@register.simple_tag(takes_context=True)
def said_in_judgement(context: Mapping[str, Any], turn: Turn) -> judging.Draft:
    """What the form about the reader's judgement shows."""
    return judging.draft_of(turn, judging.JUDGEMENT, context.get("refusal"))


@register.simple_tag(takes_context=True)
def said_in_report(context: Mapping[str, Any], turn: Turn) -> judging.Draft:
    """What the form about the reader's report shows."""
    return judging.draft_of(turn, judging.REPORT, context.get("refusal"))


@register.simple_tag
def feedback_reasons() -> list[tuple[str, str]]:
    return [(value, str(label)) for value, label in FeedbackReason.choices]


@register.simple_tag
def report_reasons() -> list[tuple[str, str]]:
    return [(value, str(label)) for value, label in ReportReason.choices]
