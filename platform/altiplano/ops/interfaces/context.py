"""What operators do that every page shows: a notice, and that someone works in another's place."""

from typing import Any

from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from altiplano.accounts.principal import StandIn
from altiplano.accounts.stand_in import stand_in_of
from altiplano.ops.maintenance import current_notice


def operation(request: HttpRequest) -> dict[str, Any]:
    """Adds ``maintenance`` and ``stand_in``; nothing is read before a template asks for it."""
    return {
        "maintenance": SimpleLazyObject(current_notice),
        "stand_in": SimpleLazyObject(lambda: _stand_in(request)),
    }


def _stand_in(request: HttpRequest) -> StandIn | None:
    return stand_in_of(request.session) if hasattr(request, "session") else None
