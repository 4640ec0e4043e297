"""How many answers a person and an organization may have open at once, in one process."""

from __future__ import annotations

import threading
import uuid
from collections import Counter
from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _

from altiplano.accounts.principal import Principal
from altiplano.kernel.errors import LimitReachedError

if TYPE_CHECKING:
    from django_stubs_ext import StrPromise

RETRY_SECONDS = 5
PERSON_HAS_ENOUGH = _(
    "You have %(limit)s answers open at once, which is the most. Wait until one has ended."
)
ORGANIZATION_HAS_ENOUGH = _(
    "Your organization has %(limit)s answers open at once, which is the most. Wait until one has "
    "ended."
)


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
            if self._counts[person] >= principal.limits.streams_per_person:
                raise _too_many(PERSON_HAS_ENOUGH, principal.limits.streams_per_person)
            if self._counts[organization] >= principal.limits.streams:
                raise _too_many(ORGANIZATION_HAS_ENOUGH, principal.limits.streams)
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


def _too_many(sentence: StrPromise, limit: int) -> LimitReachedError:
    return LimitReachedError(
        sentence,
        params={"limit": limit},
        code="too_many_streams",
        retry_after=RETRY_SECONDS,
    )


open_streams = OpenStreams()
