"""Every built-in retriever keeps the promises of the retriever suite."""

from altiplano_plugins.retriever_hybrid import HybridRetriever
from altiplano_sdk.testing.retriever_suite import RetrieverSuite


class TestHybridRetriever(RetrieverSuite):
    plugin_class = HybridRetriever


class TestHybridRetrieverByMeaning(RetrieverSuite):
    plugin_class = HybridRetriever
    config = {"mode": "dense", "k": 3}


class TestHybridRetrieverByWords(RetrieverSuite):
    plugin_class = HybridRetriever
    config = {"mode": "lexical", "per_document": 1}
