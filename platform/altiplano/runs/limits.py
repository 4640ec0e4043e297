"""How many answers a person and an organization may have open at once, in one process."""

import threading
import uuid
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from django.conf import settings

from altiplano.accounts.principal import Principal
from altiplano.kernel.errors import LimitReachedError

RETRY_SECONDS = 5


class OpenStreams:
    """Counts of open answers. Safe to call from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._by_person: Counter[tuple[uuid.UUID, uuid.UUID]] = Counter()
        self._by_organization: Counter[uuid.UUID] = Counter()

    @contextmanager
    def one_more(self, principal: Principal) -> Iterator[None]:
        """One of the person's and the organization's places is taken inside the block.

        Raises LimitReachedError when there is none.
        """
        self.take(principal)
        try:
            yield
        finally:
            self.give_back(principal)

    def take(self, principal: Principal) -> None:
        """As entering :meth:`one_more`; to be followed by one :meth:`give_back`."""
        organization = principal.organization_id
        person = (organization, principal.user_id)
        with self._lock:
            if self._by_person[person] >= settings.STREAMS_PER_PERSON:
                raise _too_many("You have", settings.STREAMS_PER_PERSON)
            if self._by_organization[organization] >= settings.STREAMS_PER_ORGANIZATION:
                raise _too_many("Your organization has", settings.STREAMS_PER_ORGANIZATION)
            self._by_person[person] += 1
            self._by_organization[organization] += 1

    def give_back(self, principal: Principal) -> None:
        organization = principal.organization_id
        person = (organization, principal.user_id)
        with self._lock:
            for counter, key in ((self._by_person, person), (self._by_organization, organization)):
                counter[key] -= 1  # type: ignore[index]
                if counter[key] <= 0:  # type: ignore[index]
                    del counter[key]  # type: ignore[arg-type]


def _too_many(who: str, limit: int) -> LimitReachedError:
    return LimitReachedError(
        f"{who} {limit} answers open at once, which is the most. Wait until one has ended.",
        code="too_many_streams",
        retry_after=RETRY_SECONDS,
    )


open_streams = OpenStreams()
