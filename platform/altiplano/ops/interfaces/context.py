"""What operators do that every page shows: a notice, and that someone works in another's place."""

from typing import Any

from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from altiplano.ops.impersonation import LABEL_KEY, is_standing_in
from altiplano.ops.maintenance import current_notice


def operation(request: HttpRequest) -> dict[str, Any]:
    """Adds ``maintenance`` and ``stand_in``; nothing is read before a template asks for it."""
    return {
        "maintenance": SimpleLazyObject(current_notice),
        "stand_in": SimpleLazyObject(lambda: _stand_in(request)),
    }


def _stand_in(request: HttpRequest) -> str:
    """The operator's label; empty when everyone is who they are."""
    if not hasattr(request, "session") or not is_standing_in(request):
        return ""
    return str(request.session.get(LABEL_KEY, "?"))
