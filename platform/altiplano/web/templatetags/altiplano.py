"""What templates need and Django does not bring."""

from django import template
from django.utils.translation import get_language_info

from altiplano.kernel.reasons import in_my_language

register = template.Library()
register.filter(in_my_language)


@register.filter
def language_name(code: str) -> str:
    """The language's own name for a two-letter code: ``fr`` is “français”; unknown codes stay."""
    if not code:
        return ""
    try:
        return str(get_language_info(code)["name_local"])
    except KeyError:
        return code
