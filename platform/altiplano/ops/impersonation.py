"""Working in a person's place: who may, for which reason, and how it stays on record."""

from typing import Final

from django.utils.translation import gettext_lazy as _

from altiplano.accounts.domain.audit import record_event
from altiplano.accounts.models import User
from altiplano.kernel.errors import InvalidInputError

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
    )


def read_reason(raw: str) -> str:
    """The reason on one line. Raises InvalidInputError without one."""
    reason = " ".join(raw.split())[:LONGEST_REASON]
    if not reason:
        raise InvalidInputError(_("Say why you work in this person's place."))
    return reason


def record_start(*, operator: User, person: User, reason: str) -> None:
    """Both names and the reason are in the audit log."""
    _record("stand_in.started", operator, person, reason)


def record_end(*, operator: User, person: User, reason: str) -> None:
    """The end is there too, with the same reason."""
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
