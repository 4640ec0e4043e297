import struct

import pytest

import altiplano_sdk as sdk
from altiplano_worker.adapters.engine import EndpointConfig
from altiplano_worker.runtime.context import (
    CollectionEmbedder,
    EndpointLanguageModel,
    QueryVectorCache,
    stage_log,
)
from tests.unit.runtime.stages import LOG


def vector(value: float) -> sdk.VectorBatch:
    return sdk.VectorBatch(1, 1, struct.pack("<f", value))


class CountingEmbedder:
    model_id = "counting"
    dimension = 1

    def __init__(self) -> None:
        self.asked: list[str] = []

    async def embed_query(self, text, ctx):
        self.asked.append(text)
        return vector(len(self.asked))

    async def embed_passages(self, texts, ctx):
        return vector(len(texts))


def embedder(plugin, cache, scope="org-a"):
    return CollectionEmbedder(plugin, sdk.Context(log=LOG), cache, scope)


@pytest.mark.asyncio
async def test_question_is_embedded_once():
    plugin, cache = CountingEmbedder(), QueryVectorCache()
    one = embedder(plugin, cache)
    assert await one.embed_query("a") == await one.embed_query("a") == vector(1)
    assert await one.embed_query("b") == vector(2)
    assert plugin.asked == ["a", "b"]
    assert (one.model_id, one.dimension) == ("counting", 1)


@pytest.mark.asyncio
async def test_tenants_do_not_share_vectors():
    plugin, cache = CountingEmbedder(), QueryVectorCache()
    await embedder(plugin, cache, "org-a").embed_query("a")
    await embedder(plugin, cache, "org-b").embed_query("a")
    assert plugin.asked == ["a", "a"]


@pytest.mark.asyncio
async def test_passages_are_embedded_as_they_come():
    assert await embedder(CountingEmbedder(), QueryVectorCache()).embed_passages(["a"]) == vector(1)


def test_cache_forgets_what_was_not_asked_for_longest():
    cache = QueryVectorCache(capacity=2)
    for text in ("a", "b"):
        cache.put(scope="o", model_id="m", text=text, vector=vector(1))
    cache.get(scope="o", model_id="m", text="a")
    cache.put(scope="o", model_id="m", text="c", vector=vector(1))
    assert len(cache) == 2
    assert cache.get(scope="o", model_id="m", text="b") is None
    assert cache.get(scope="o", model_id="m", text="a") is not None


class RecordingClient:
    def __init__(self) -> None:
        self.calls: list[tuple] = []

    def stream_chat(self, endpoint, request, *, salt):
        self.calls.append((endpoint, request, salt))
        return iter(())


@pytest.mark.parametrize(("asked", "sent"), [(50, 50), (100, 99), (10**9, 99), (0, 1), (-5, 1)])
def test_language_model_keeps_the_answer_within_the_context(asked, sent):
    client = RecordingClient()
    endpoint = EndpointConfig(base_url="http://127.0.0.1/v1", model="m", context_tokens=100)
    model = EndpointLanguageModel(client, endpoint, salt="tenant")
    model.stream(sdk.GenerationRequest((sdk.ChatMessage("user", "x"),), max_tokens=asked))
    assert client.calls[0][1].max_tokens == sent
    assert client.calls[0][2] == "tenant"
    assert model.context_tokens == 100


def test_stage_log_names_the_run(capsys):
    import structlog

    with structlog.testing.capture_logs() as lines:
        stage_log(run_id="run-1").warning("odd", count=2)
    assert lines == [{"run_id": "run-1", "count": 2, "event": "odd", "log_level": "warning"}]
