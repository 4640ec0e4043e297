"""Which operator works in the place of the person whom a session shows.

django-hijack exchanges the session's person and keeps whose place to give back; who begins and ends
that, and under which reason, is ``ops.impersonation``.
"""

import uuid
from collections.abc import Mapping
from typing import Any, Final

from altiplano.accounts.principal import StandIn

HISTORY_KEY: Final = "hijack_history"
"""Where django-hijack keeps the ids of those whose session it was."""
LABEL_KEY: Final = "stand_in_label"
REASON_KEY: Final = "stand_in_reason"


def stand_in_of(session: Mapping[str, Any]) -> StandIn | None:
    """The operator; None when everyone is who they are."""
    history = session.get(HISTORY_KEY)
    if not history:
        return None
    return StandIn(uuid.UUID(str(history[-1])), str(session.get(LABEL_KEY, "")))
