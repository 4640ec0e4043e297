"""What the pages about accounts need and Django does not bring."""

import re
from typing import Final

from django import template
from django.http import HttpRequest
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

from altiplano.accounts import mailbox
from altiplano.accounts.models import TokenScope

register = template.Library()

BROWSERS: Final = (
    ("Edge", r"Edg(e|A|iOS)?/"),
    ("Opera", r"OPR/|Opera"),
    ("Firefox", r"Firefox/|FxiOS/"),
    ("Chrome", r"Chrome/|CriOS/|Chromium/"),
    ("Safari", r"Safari/"),
)
SYSTEMS: Final = (
    ("Android", "Android"),
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Windows", "Windows"),
    ("Mac", "Macintosh|Mac OS X"),
    ("Linux", "Linux|X11"),
)
"""In this order: each calls itself by the names of those below it as well."""


@register.filter
def may_see_mails(request: HttpRequest) -> bool:
    """Whether the local page of mails is there for this request."""
    return mailbox.is_open_to(request)


@register.filter
def breakable(text: str) -> SafeString:
    """The text with places where an address may go on in the next line: behind “@”, before “.”."""
    return mark_safe(re.sub(r"(@)|(\.)", r"\1<wbr>\2", escape(text)))  # noqa: S308 - escaped


@register.filter
def scope_names(scopes: list[str]) -> str:
    """What a key may do, in words."""
    names = dict(TokenScope.choices)
    return ", ".join(str(names.get(scope, scope)) for scope in sorted(scopes))


@register.filter
def browser_name(user_agent: str) -> str:
    """``Firefox, Windows`` for what a browser says of itself; a word for what says nothing known."""
    found = [
        next((name for name, mark in known if re.search(mark, user_agent)), "")
        for known in (BROWSERS, SYSTEMS)
    ]
    return ", ".join(filter(None, found)) or _("unknown browser")
