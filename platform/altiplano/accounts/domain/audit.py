"""The one way to write into the audit log."""

import uuid
from collections.abc import Mapping
from typing import Any

from altiplano.accounts.models import AuditEvent, User
from altiplano.accounts.principal import Principal

SYSTEM_LABEL = "system"


def record_event(
    *,
    principal: Principal | None,
    organization_id: uuid.UUID | None,
    action: str,
    object_type: str,
    object_id: object,
    data: Mapping[str, Any] | None = None,
    actor: User | None = None,
) -> AuditEvent:
    """The event is part of the caller's transaction: no change without its record, nor the reverse.

    ``action`` is ``noun.past_tense``. Without a principal the platform itself acted, or
    ``actor``, one of its staff. Who works in another's place is named first. ``data`` holds names
    and numbers that explain the change, never a secret.
    """
    actor_id, label = _who(principal, actor)
    return AuditEvent.objects.create(
        organization_id=organization_id,
        actor_id=actor_id,
        actor_label=label[:254],
        token_id=principal.token_id if principal else None,
        action=action,
        object_type=object_type,
        object_id=str(object_id),
        data=dict(data or {}),
    )


def _who(principal: Principal | None, actor: User | None) -> tuple[uuid.UUID | None, str]:
    if actor is not None:
        return actor.id, actor.email
    if principal is None:
        return None, SYSTEM_LABEL
    if principal.stand_in is not None:
        return principal.stand_in.user_id, f"{principal.stand_in.label} as {principal.user_label}"
    return principal.user_id, principal.user_label
