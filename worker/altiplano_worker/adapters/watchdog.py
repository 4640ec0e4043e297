"""Keeps the time of one streamed answer without a timer per chunk."""

import asyncio
from collections.abc import Callable
from enum import StrEnum


class Expiry(StrEnum):
    """Which limit ran out."""

    FIRST = "first"
    SILENCE = "silence"
    TOTAL = "total"


class Watchdog:
    """Calls ``close`` when the first text, any later bytes, or the whole answer take too long.

    ``touch`` only notes the time, so that it can be called for every chunk of hundreds of
    streams; one timer, set again when it finds that there was activity, does the rest.
    ``expired`` says why ``close`` was called. Times are those of the running loop.
    """

    def __init__(self, *, first: float, silence: float, total: float) -> None:
        self._loop = asyncio.get_running_loop()
        now = self._loop.time()
        self._silence = silence
        self._first_at = now + first
        self._total_at = now + total
        self._last = now
        self._begun = False
        self._close: Callable[[], None] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self.expired: Expiry | None = None

    @property
    def deadline(self) -> float:
        """The loop time at which ``close`` is due if nothing more happens."""
        return self._due()[0]

    def guard(self, close: Callable[[], None]) -> None:
        """From now on ``close`` is called once when a limit runs out."""
        self._close = close
        self._arm()

    def touch(self) -> None:
        """Bytes have come."""
        self._last = self._loop.time()

    def begin(self) -> None:
        """The first text has come: from now on silence counts, not the wait for a beginning."""
        if not self._begun:
            self._begun = True
            self._last = self._loop.time()
            self._arm()

    def stop(self) -> None:
        """Nothing is called any more."""
        self._close = None
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _due(self) -> tuple[float, Expiry]:
        due, why = (
            (self._last + self._silence, Expiry.SILENCE)
            if self._begun
            else (self._first_at, Expiry.FIRST)
        )
        return (self._total_at, Expiry.TOTAL) if self._total_at <= due else (due, why)

    def _arm(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self._loop.call_at(self._due()[0], self._look) if self._close else None

    def _look(self) -> None:
        due, why = self._due()
        if self._loop.time() < due:
            self._arm()
        elif self._close is not None:
            self.expired = why
            close = self._close
            self.stop()
            close()
