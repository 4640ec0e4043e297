"""Checks an answer sentence by sentence against the passages it should rest on."""

from altiplano_plugins.guard_citations.plugin import CitationGuard, CitationGuardConfig

__all__ = ["CitationGuard", "CitationGuardConfig"]
