"""Runs an ASGI application on a free loopback port, in a thread with a loop of its own."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import uvicorn

from tests.fakes.engine import FakeEngine


@dataclass(frozen=True)
class RunningEngine:
    """``base_url`` ends with ``/v1``; ``engine.state`` may be read from any thread."""

    base_url: str
    engine: FakeEngine


class _Server(uvicorn.Server):
    """Tells when it listens, instead of letting others poll."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.listening = threading.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.listening.set()


@contextmanager
def running_engine(engine: FakeEngine) -> Iterator[RunningEngine]:
    """The engine answers inside the block and is gone after it."""
    with running_app(engine) as address:
        yield RunningEngine(f"{address}/v1", engine)


@contextmanager
def running_app(app: Any) -> Iterator[str]:
    """The address at which the ASGI application answers inside the block; it is gone after it."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
        server = _Server(
            uvicorn.Config(
                app,
                log_level="critical",
                access_log=False,
                ws="none",
                timeout_graceful_shutdown=1,
            )
        )
        thread = threading.Thread(target=server.run, args=([listener],), daemon=True)
        thread.start()
        try:
            if not server.listening.wait(timeout=20):
                raise RuntimeError("the application did not start")
            yield f"http://127.0.0.1:{port}"
        finally:
            server.should_exit = True
            thread.join(timeout=20)
