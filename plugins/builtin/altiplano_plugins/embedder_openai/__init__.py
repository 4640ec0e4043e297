"""Embeddings from any server that speaks the OpenAI protocol: vLLM, TEI, a provider."""

from altiplano_plugins.embedder_openai.plugin import OpenAIEmbedder, OpenAIEmbedderConfig

__all__ = ["OpenAIEmbedder", "OpenAIEmbedderConfig"]
