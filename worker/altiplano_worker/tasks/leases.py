"""Keeping claimed jobs' leases while a worker waits for something slow."""

import time
import uuid
from concurrent.futures import Future
from typing import TypeVar

import structlog
from django.db import DatabaseError, connection

from altiplano.kernel.job_batches import renew_leases
from altiplano.kernel.jobs import JobClaim, LostClaimError

T = TypeVar("T")

log = structlog.get_logger(__name__)

RENEW_SECONDS = 0.5
"""Also how soon a worker notices that its job was cancelled."""


class LeaseWatch:
    """Renews the leases of some claims whenever it is asked, and says when one is lost.

    A database that does not answer for a moment is no loss: a lease lasts longer than that, and
    every effect is fenced anyway.
    """

    def __init__(self, *claims: JobClaim) -> None:
        self._first = claims[0]
        self._claims = list(claims)
        self._next = time.monotonic() + RENEW_SECONDS
        self._lost: set[uuid.UUID] = set()

    def is_lost(self, claim: JobClaim | None = None) -> bool:
        """True once another worker holds the job or it was cancelled; ``claim`` defaults to the
        first one. Costs a query at most every ``RENEW_SECONDS``.
        """
        if time.monotonic() >= self._next:
            try:
                held = renew_leases(self._claims)
                self._lost |= {each.job_id for each in self._claims if each not in held}
                self._claims = held
            except DatabaseError as error:
                log.warning("lease.not_renewed", error=str(error))
                # A broken connection stays broken; the next renewal opens another one.
                if not connection.in_atomic_block:
                    connection.close()
            self._next = time.monotonic() + RENEW_SECONDS
        return (claim or self._first).job_id in self._lost

    def let_go(self, claim: JobClaim) -> None:
        """The claim's job is over, or somebody else's; its lease is not renewed any more."""
        self._claims = [each for each in self._claims if each != claim]

    def check(self) -> None:
        """Raises LostClaimError when the claim is lost."""
        if self.is_lost():
            raise LostClaimError

    def wait_for(self, future: Future[T], claim: JobClaim | None = None) -> T:
        """The future's result, with the lease renewed all the while.

        Raises LostClaimError, with the future cancelled, when ``claim`` (or the first one) is lost.
        """
        while True:
            try:
                return future.result(timeout=RENEW_SECONDS / 2)
            except TimeoutError:
                if future.done():  # it is the work's own TimeoutError
                    raise
            if self.is_lost(claim):
                future.cancel()
                raise LostClaimError
