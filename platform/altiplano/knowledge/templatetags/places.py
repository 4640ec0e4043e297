"""Places in documents, in templates."""

from collections.abc import Mapping
from typing import Any, Protocol

from django import template
from django.utils.translation import gettext as _

from altiplano.knowledge import places

register = template.Library()


class Placed(Protocol):
    """A passage, a hit or a citation."""

    document_name: str
    page: int


@register.filter
def has_page(passage: Placed | Mapping[str, Any]) -> bool:
    """Whether the passage stands on a page that people find in the document."""
    return places.has_page(*_place_of(passage))


@register.filter
def and_page(passage: Placed | Mapping[str, Any]) -> str:
    """What follows the document's name: “, page 2”, or nothing."""
    name, page = _place_of(passage)
    return _(", page %(page)d") % {"page": page} if places.has_page(name, page) else ""


def _place_of(passage: Placed | Mapping[str, Any]) -> tuple[str, int]:
    if isinstance(passage, Mapping):
        return passage["document_name"], passage["page"]
    return passage.document_name, passage.page
