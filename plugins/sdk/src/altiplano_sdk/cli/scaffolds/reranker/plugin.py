"""Puts passages first that use the words of the question."""

from dataclasses import replace

from pydantic import BaseModel, ConfigDict, Field

import altiplano_sdk as sdk


class MyPlugin:
    """Orders passages by the share of the question's words that they hold."""

    class Config(BaseModel):
        model_config = ConfigDict(frozen=True, extra="forbid")

        keep: int = Field(default=10, ge=1, le=100, description="How many passages to keep.")

    def __init__(self, config: Config) -> None:
        self.config = config

    async def rerank(
        self, query: sdk.Query, passages: tuple[sdk.Passage, ...], ctx: sdk.Context
    ) -> tuple[sdk.Passage, ...]:
        """Your part: return the given passages, or some of them, best first."""
        wanted = set(query.text.casefold().split())

        def shared(passage: sdk.Passage) -> int:
            return len(wanted & set(passage.text.casefold().split()))

        # Sorting keeps the order of equals, which is that of the search.
        best = sorted(passages, key=shared, reverse=True)[: self.config.keep]
        return tuple(replace(passage, score=float(shared(passage))) for passage in best)
