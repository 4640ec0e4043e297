"""The engine that a new installation runs, with the packaged weights, in a process of its own."""

import asyncio
import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from altiplano.ops.embedded_engine import CONTEXT_TOKENS, MODEL_ALIAS
from altiplano_worker.adapters.engine import EndpointConfig, EngineClient
from tests.stack import Process, free_port, wait_until


@contextmanager
def embedded_engine() -> Iterator[EndpointConfig]:
    """The endpoint, once its model is loaded; the process is gone after the block.

    Raises RuntimeError with what it said when it ends by itself, as without weights.
    """
    port = free_port()
    endpoint = EndpointConfig(
        base_url=f"http://127.0.0.1:{port}/v1",
        model=MODEL_ALIAS,
        provider="llama.cpp",
        context_tokens=CONTEXT_TOKENS,
    )
    with tempfile.TemporaryDirectory(prefix="altiplano-bench-") as folder:
        process = Process(
            "engine",
            [sys.executable, "-m", "altiplano.ops.embedded_engine", "--port", str(port)],
            # A key in the environment belongs to another engine.
            {name: text for name, text in os.environ.items() if "ENGINE_KEY" not in name},
            Path(folder, "engine.log"),
        )
        process.start()
        try:
            wait_until("the engine answers", lambda: _is_ready(process, endpoint))
            yield endpoint
        finally:
            process.kill()


def _is_ready(process: Process, endpoint: EndpointConfig) -> bool:
    if process.popen is None or process.popen.poll() is not None:
        raise RuntimeError(process.tail())
    return asyncio.run(_answers(endpoint))


async def _answers(endpoint: EndpointConfig) -> bool:
    async with EngineClient() as client:
        return (await client.check(endpoint)).ok
