"""Working in a person's place: who may, for which reason, and how it stays on record.

django-hijack exchanges the session's person and remembers whose place to give back; everything else
is decided here.
"""

from typing import Final

from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from altiplano.accounts.domain.audit import record_event
from altiplano.accounts.models import User
from altiplano.kernel.errors import NotAllowedError

HISTORY_KEY: Final = "hijack_history"
"""Where django-hijack keeps the ids of those whose session it was."""
LABEL_KEY: Final = "stand_in_label"
REASON_KEY: Final = "stand_in_reason"
RIGHT: Final = "ops.stand_in"
LONGEST_REASON: Final = 300


def may_stand_in(*, hijacker: User, hijacked: User) -> bool:
    """Staff with the right to it, for an active person who is no staff; django-hijack asks this."""
    return (
        hijacker.is_active
        and hijacker.is_staff
        and hijacker.has_perm(RIGHT)
        and hijacked.is_active
        and not (hijacked.is_staff or hijacked.is_superuser)
        and hijacked.pk != hijacker.pk
    )


def read_reason(raw: str) -> str:
    """Raises NotAllowedError without one."""
    reason = " ".join(raw.split())[:LONGEST_REASON]
    if not reason:
        raise NotAllowedError(_("Say why you work in this person's place."), code="reason_required")
    return reason


def record_start(*, operator: User, person: User, reason: str) -> None:
    _record("stand_in.started", operator, person, reason)


def record_end(*, operator: User, person: User, reason: str) -> None:
    _record("stand_in.ended", operator, person, reason)


def _record(action: str, operator: User, person: User, reason: str) -> None:
    record_event(
        principal=None,
        actor=operator,
        organization_id=None,
        action=action,
        object_type="person",
        object_id=person.id,
        data={"email": person.email, "reason": reason},
    )


def is_standing_in(request: HttpRequest) -> bool:
    return bool(request.session.get(HISTORY_KEY))
