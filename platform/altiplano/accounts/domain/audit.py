"""The one way to write into the audit log."""

import uuid
from collections.abc import Mapping
from typing import Any

from altiplano.accounts.models import AuditEvent
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
) -> AuditEvent:
    """The event is part of the caller's transaction: no change without its record, nor the reverse.

    ``action`` is ``noun.past_tense``. Without a principal the platform itself acted. ``data`` holds
    names and numbers that explain the change, never a secret.
    """
    return AuditEvent.objects.create(
        organization_id=organization_id,
        actor_id=principal.user_id if principal else None,
        actor_label=principal.user_label if principal else SYSTEM_LABEL,
        token_id=principal.token_id if principal else None,
        action=action,
        object_type=object_type,
        object_id=str(object_id),
        data=dict(data or {}),
    )
