"""One asyncio loop per worker process, on which all engine streams and searches run.

Celery has no asyncio pool: the body of a task hands its coroutine to this loop and waits.
"""

import asyncio
import threading
from collections.abc import Coroutine
from concurrent.futures import Future
from typing import Any, TypeVar

T = TypeVar("T")


class ProcessLoop:
    """A loop on a thread of its own, started on first use; safe to call from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None

    def loop(self) -> asyncio.AbstractEventLoop:
        with self._lock:
            if self._loop is None or self._loop.is_closed():
                self._loop = self._start()
            return self._loop

    def submit(self, coroutine: Coroutine[Any, Any, T]) -> Future[T]:
        """The coroutine runs on the loop; cancelling the future cancels it."""
        return asyncio.run_coroutine_threadsafe(coroutine, self.loop())

    def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """The coroutine's result, or its exception, in the calling thread."""
        return self.submit(coroutine).result()

    @staticmethod
    def _start() -> asyncio.AbstractEventLoop:
        try:
            import uvloop

            loop: asyncio.AbstractEventLoop = uvloop.new_event_loop()
        except ImportError:  # not built for every system
            loop = asyncio.new_event_loop()
        threading.Thread(target=loop.run_forever, name="process-loop", daemon=True).start()
        return loop


process_loop = ProcessLoop()
