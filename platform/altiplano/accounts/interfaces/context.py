"""What every page shows about where the person works."""

from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from altiplano.accounts import queries
from altiplano.accounts.interfaces.auth import SESSION_KEY
from altiplano.accounts.models import Organization, User


@dataclass(frozen=True, slots=True)
class Workplace:
    """The organization the person works in, and all between which they may switch."""

    current: Organization | None
    organizations: list[Organization]


def _workplace_of(request: HttpRequest) -> Workplace:
    user = getattr(request, "user", None)
    if not isinstance(user, User):
        return Workplace(None, [])
    joined = list(queries.organizations_of(user).order_by("memberships__created_at"))
    chosen = request.session.get(SESSION_KEY)
    current = next(
        (each for each in joined if str(each.id) == chosen), joined[0] if joined else None
    )
    return Workplace(current, sorted(joined, key=lambda each: each.name.casefold()))


def workplace(request: HttpRequest) -> dict[str, Any]:
    """Adds ``workplace`` to every page; nothing is read before a template asks for it."""
    return {"workplace": SimpleLazyObject(lambda: _workplace_of(request))}
