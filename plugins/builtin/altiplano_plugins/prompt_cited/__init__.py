"""Asks the model to answer from numbered passages, and from nothing else."""

from altiplano_plugins.prompt_cited.plugin import CitedPrompt, CitedPromptConfig

__all__ = ["CitedPrompt", "CitedPromptConfig"]
