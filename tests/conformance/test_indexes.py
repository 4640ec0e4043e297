"""Every built-in index keeps the promises of the index suite."""

from altiplano_plugins.index_faiss import FaissIndex
from altiplano_plugins.index_tantivy import TantivyIndex
from altiplano_sdk.testing.index_suite import DenseIndexSuite, LexicalIndexSuite


class TestFaissIndex(DenseIndexSuite):
    plugin_class = FaissIndex


class TestTantivyIndex(LexicalIndexSuite):
    plugin_class = TantivyIndex
