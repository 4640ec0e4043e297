"""Pipelines to begin with. A template is copied into the draft; later changes do not reach back."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from altiplano.studio.pipelines import Stage


@dataclass(frozen=True, slots=True)
class PipelineTemplate:
    """``title`` and ``summary`` are for people, ``slug`` is what the API calls it."""

    slug: str
    title: str | Promise
    summary: str | Promise
    stages: tuple[Stage, ...]


CITED_ANSWER: Final = PipelineTemplate(
    slug="cited-answer",
    title=_("Answer from documents, with citations"),
    summary=_(
        "Finds passages, answers from them alone, cites each, and says when they do not say."
    ),
    stages=(
        Stage("retriever", "hybrid"),
        Stage("guard", "abstention"),
        Stage("prompt", "cited"),
        Stage("generator", "openai-chat"),
        Stage("guard", "citations"),
    ),
)
CHAT: Final = PipelineTemplate(
    slug="chat",
    title=_("Chat without documents"),
    summary=_("The model answers from what it learned; nothing is cited."),
    stages=(Stage("prompt", "chat"), Stage("generator", "openai-chat")),
)

TEMPLATES: Final[Mapping[str, PipelineTemplate]] = MappingProxyType(
    {template.slug: template for template in (CITED_ANSWER, CHAT)}
)
DEFAULT_TEMPLATE: Final = CITED_ANSWER.slug
