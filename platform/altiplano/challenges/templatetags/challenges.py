"""Instants on a page: in the edition's zone, and in the reader's."""

from datetime import datetime
from typing import Any

from django import template
from django.utils.translation import gettext as _

from altiplano.challenges.calendar import State, offset_name

register = template.Library()


@register.inclusion_tag("challenges/_moment.html")
def moment(at: datetime, zone: str, reader_zone: str = "") -> dict[str, Any]:
    """The instant as clocks of the zone show it, and below as the reader's do, where they differ.

    Without a known zone of the reader a script fills that line in.
    """
    is_elsewhere = bool(reader_zone) and reader_zone != zone
    return {
        "at": at,
        "zone": zone,
        "offset": offset_name(at, zone),
        "reader_zone": reader_zone if is_elsewhere else "",
        "reader_offset": offset_name(at, reader_zone) if is_elsewhere else "",
        "asks_browser": not reader_zone,
    }


@register.filter
def state_words(state: State) -> str:
    """How a phase stands, in the reader's language."""
    return {
        State.TO_COME: _("to come"),
        State.OPEN: _("open now"),
        State.GRACE: _("over; what comes now is still taken"),
        State.CLOSED: _("over"),
    }[state]


@register.filter
def state_pill(state: State) -> str:
    """The style of a pill that looks so."""
    return {State.OPEN: "active", State.TO_COME: "queued"}.get(state, "")
