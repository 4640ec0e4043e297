"""Lexical search (BM25) over immutable tantivy directories."""

from altiplano_plugins.index_tantivy.plugin import TantivyConfig, TantivyIndex

__all__ = ["TantivyConfig", "TantivyIndex"]
