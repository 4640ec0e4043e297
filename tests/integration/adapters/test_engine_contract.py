"""The engine contract, kept by the fake engine of the suite and by the embedded llama.cpp."""

import asyncio
import socket
import subprocess
import sys
from collections.abc import Iterator

import pytest
import pytest_asyncio

from altiplano.ops.embedded_engine import CONTEXT_TOKENS, MODEL_ALIAS
from altiplano_worker.adapters.engine import EndpointConfig, EngineClient
from tests.engine_contract import EngineContract
from tests.fakes.engine import FakeEngine
from tests.fakes.engine_server import RunningEngine, running_engine


class TestFakeEngine(EngineContract):
    @pytest.fixture
    def running(self) -> Iterator[RunningEngine]:
        with running_engine(FakeEngine(words=3000, gap_ms=1)) as running:
            yield running

    @pytest.fixture
    def endpoint(self, running: RunningEngine) -> EndpointConfig:
        self.state = running.engine.state
        return EndpointConfig(base_url=running.base_url, model="fake", provider="vllm")

    async def is_idle(self, endpoint: EndpointConfig) -> bool:
        return self.state.counts()["running"] == 0

    def check_answer(self, answer: str, citations: tuple) -> None:
        """Its ``word0 word1`` stands in no passage, so the documents' own words take its place."""
        assert (
            answer == "The documents say: “Compost in a heap is mature after six to twelve months.”"
        )
        assert [each.quote for each in citations] == [
            "Compost in a heap is mature after six to twelve months."
        ]


@pytest.fixture(scope="module")
def embedded_engine() -> Iterator[str]:
    """The base address of the engine that a new installation runs."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    process = subprocess.Popen(
        [sys.executable, "-m", "altiplano.ops.embedded_engine", "--port", str(port)],
        stderr=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
    )
    try:
        yield f"http://127.0.0.1:{port}/v1"
    finally:
        process.terminate()
        try:
            process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


class TestEmbeddedEngine(EngineContract):
    streams = 6  # more than its slots, so that some have to wait; each costs a second of CPU

    @pytest_asyncio.fixture
    async def endpoint(self, embedded_engine: str) -> EndpointConfig:
        endpoint = EndpointConfig(
            base_url=embedded_engine,
            model=MODEL_ALIAS,
            provider="llama.cpp",
            context_tokens=CONTEXT_TOKENS,
            first_token_seconds=300,
        )
        await until_ready(endpoint)
        return endpoint


async def until_ready(endpoint: EndpointConfig) -> None:
    """Returns when the model is loaded; fails after two minutes."""
    async with asyncio.timeout(120), EngineClient() as client:
        while not (await client.check(endpoint)).ok:  # noqa: ASYNC110 - another process
            await asyncio.sleep(0.2)
