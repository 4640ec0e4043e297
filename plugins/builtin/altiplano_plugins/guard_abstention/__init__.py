"""Saying that the documents do not say, before a model invents an answer."""

from altiplano_plugins.guard_abstention.plugin import AbstentionConfig, AbstentionGuard

__all__ = ["AbstentionConfig", "AbstentionGuard"]
