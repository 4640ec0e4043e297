"""Keeping a claimed job's lease while a worker waits for something slow."""

import time
from concurrent.futures import Future
from typing import TypeVar

import structlog
from django.db import DatabaseError

from altiplano.kernel.jobs import JobClaim, LostClaimError, renew_lease

T = TypeVar("T")

log = structlog.get_logger(__name__)

RENEW_SECONDS = 0.5
"""Also how soon a worker notices that its job was cancelled."""


class LeaseWatch:
    """Renews the lease of one claim whenever it is asked, and says when the claim is lost.

    A database that does not answer for a moment is no loss: the lease lasts longer than that, and
    every effect is fenced anyway.
    """

    def __init__(self, claim: JobClaim) -> None:
        self._claim = claim
        self._next = time.monotonic() + RENEW_SECONDS
        self._is_lost = False

    def is_lost(self) -> bool:
        """True once another worker holds the job or it was cancelled. Costs a query at most
        every ``RENEW_SECONDS``.
        """
        if not self._is_lost and time.monotonic() >= self._next:
            try:
                renew_lease(self._claim)
            except LostClaimError:
                self._is_lost = True
            except DatabaseError as error:
                log.warning("lease.not_renewed", task=self._claim.task, error=str(error))
            self._next = time.monotonic() + RENEW_SECONDS
        return self._is_lost

    def check(self) -> None:
        """Raises LostClaimError when the claim is lost."""
        if self.is_lost():
            raise LostClaimError

    def wait_for(self, future: Future[T]) -> T:
        """The future's result, with the lease renewed all the while.

        Raises LostClaimError, with the future cancelled, when the claim is lost meanwhile.
        """
        while True:
            try:
                return future.result(timeout=RENEW_SECONDS / 2)
            except TimeoutError:
                if future.done():  # it is the work's own TimeoutError
                    raise
            if self.is_lost():
                future.cancel()
                raise LostClaimError
