"""Search by meaning and by words at once, fused into one ranking."""

from altiplano_plugins.retriever_hybrid.plugin import HybridConfig, HybridRetriever

__all__ = ["HybridConfig", "HybridRetriever"]
