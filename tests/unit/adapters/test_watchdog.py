"""The watchdog under a loop whose clock the test turns by hand."""

import asyncio
import heapq

import pytest

from altiplano_worker.adapters.watchdog import Expiry, Watchdog


class HandClockLoop:
    """The three methods of a loop that the watchdog uses."""

    def __init__(self) -> None:
        self.now = 100.0
        self._queue: list[tuple[float, int, asyncio.TimerHandle]] = []

    def time(self) -> float:
        return self.now

    def call_at(self, when, callback):
        handle = asyncio.TimerHandle(when, callback, (), self)
        heapq.heappush(self._queue, (when, len(self._queue), handle))
        return handle

    def _timer_handle_cancelled(self, handle) -> None:
        """The real loop counts cancelled timers; nothing to do here."""

    def get_debug(self) -> bool:
        return False

    def advance(self, seconds: float) -> None:
        end = self.now + seconds
        while self._queue and self._queue[0][0] <= end:
            when, _, handle = heapq.heappop(self._queue)
            self.now = max(self.now, when)
            if not handle.cancelled():
                handle._callback()
        self.now = end


@pytest.fixture
def loop(monkeypatch):
    loop = HandClockLoop()
    monkeypatch.setattr(asyncio, "get_running_loop", lambda: loop)
    return loop


@pytest.fixture
def closed():
    return []


@pytest.fixture
def watchdog(loop, closed):
    watchdog = Watchdog(first=10, silence=3, total=30)
    watchdog.guard(lambda: closed.append(loop.now))
    return watchdog


def test_watchdog_closes_when_the_first_text_does_not_come(loop, watchdog, closed):
    watchdog.touch()  # headers and empty chunks are no text
    loop.advance(9.9)
    assert closed == []
    loop.advance(0.2)
    assert closed == [110.0]
    assert watchdog.expired is Expiry.FIRST


def test_watchdog_notices_silence_soon_after_the_first_text(loop, watchdog, closed):
    loop.advance(1)
    watchdog.begin()
    loop.advance(3.1)
    assert closed == [104.0]
    assert watchdog.expired is Expiry.SILENCE


def test_watchdog_is_patient_with_a_stream_that_goes_on(loop, watchdog, closed):
    watchdog.begin()
    for _ in range(10):
        loop.advance(2.5)
        watchdog.touch()
        watchdog.begin()
    assert closed == []


def test_watchdog_ends_a_stream_that_never_ends(loop, watchdog, closed):
    watchdog.begin()
    for _ in range(40):
        loop.advance(1)
        watchdog.touch()
    assert closed == [130.0]
    assert watchdog.expired is Expiry.TOTAL


def test_stopped_watchdog_closes_nothing(loop, watchdog, closed):
    watchdog.stop()
    loop.advance(1000)
    assert closed == []
    assert watchdog.expired is None


def test_deadline_is_the_first_limit_that_would_run_out(loop):
    assert Watchdog(first=10, silence=3, total=5).deadline == 105.0
    assert Watchdog(first=10, silence=3, total=50).deadline == 110.0
