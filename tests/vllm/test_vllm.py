"""The engine contract, kept by a real vLLM on the CPU; and what only vLLM does."""

import pytest

from altiplano_worker.adapters.engine import EndpointConfig, EngineClient
from tests.engine_contract import EngineContract, asking, collect
from tests.vllm.server import CONTEXT_TOKENS, MODEL, RunningVLLM

pytestmark = pytest.mark.vllm


class TestVLLM(EngineContract):
    @pytest.fixture(autouse=True)
    def _remember(self, vllm: RunningVLLM) -> None:
        self.vllm = vllm

    @pytest.fixture
    def endpoint(self, vllm: RunningVLLM) -> EndpointConfig:
        return EndpointConfig(
            base_url=vllm.base_url,
            model=MODEL,
            provider="vllm",
            context_tokens=CONTEXT_TOKENS,
            first_token_seconds=300,
            silence_seconds=120,
        )

    async def is_idle(self, endpoint: EndpointConfig) -> bool:
        return self.vllm.running_requests() == 0

    @pytest.mark.asyncio
    async def test_check_tells_the_context_length(self, endpoint: EndpointConfig) -> None:
        async with EngineClient() as client:
            health = await client.check(endpoint)
        assert health.context_tokens == CONTEXT_TOKENS

    @pytest.mark.asyncio
    async def test_tenants_do_not_share_the_prefix_cache(self, endpoint: EndpointConfig) -> None:
        """The same long prompt is cached for the tenant that sent it and cold for another."""
        prompt = asking("A long common beginning. " * 120 + "Name a tree.", max_tokens=1)
        async with EngineClient() as client:
            await collect(client, endpoint, prompt, salt="tenant-a")
            start = self.vllm.cached_prompt_tokens()
            await collect(client, endpoint, prompt, salt="tenant-b")
            other_tenant = self.vllm.cached_prompt_tokens() - start
            await collect(client, endpoint, prompt, salt="tenant-a")
            same_tenant = self.vllm.cached_prompt_tokens() - start - other_tenant
        assert other_tenant == 0
        assert same_tenant > 100
