"""How many answers a person and an organization may have open at once, in one process."""

import threading
import uuid
from collections import Counter

from django.conf import settings

from altiplano.accounts.principal import Principal
from altiplano.kernel.errors import LimitReachedError

RETRY_SECONDS = 5


class OpenStreams:
    """Counts of open answers. Safe to call from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counts: Counter[tuple[uuid.UUID, ...]] = Counter()

    def take(self, principal: Principal) -> None:
        """One of the person's and the organization's places is taken, until it is given back.

        Raises LimitReachedError when there is none.
        """
        person, organization = _keys(principal)
        with self._lock:
            if self._counts[person] >= settings.STREAMS_PER_PERSON:
                raise _too_many("You have", settings.STREAMS_PER_PERSON)
            if self._counts[organization] >= settings.STREAMS_PER_ORGANIZATION:
                raise _too_many("Your organization has", settings.STREAMS_PER_ORGANIZATION)
            self._counts[person] += 1
            self._counts[organization] += 1

    def give_back(self, principal: Principal) -> None:
        with self._lock:
            for key in _keys(principal):
                self._counts[key] -= 1
                if self._counts[key] <= 0:
                    del self._counts[key]


def _keys(principal: Principal) -> tuple[tuple[uuid.UUID, ...], tuple[uuid.UUID, ...]]:
    """The person in the organization, and the organization."""
    return (principal.organization_id, principal.user_id), (principal.organization_id,)


def _too_many(who: str, limit: int) -> LimitReachedError:
    return LimitReachedError(
        f"{who} {limit} answers open at once, which is the most. Wait until one has ended.",
        code="too_many_streams",
        retry_after=RETRY_SECONDS,
    )


open_streams = OpenStreams()
