"""Finds passages by meaning and by words, taking turns."""

from dataclasses import replace

from pydantic import BaseModel, ConfigDict, Field

import altiplano_sdk as sdk


class MyPlugin:
    """The best passages of two searches, one from each in turn."""

    class Config(BaseModel):
        model_config = ConfigDict(frozen=True, extra="forbid")

        k: int = Field(default=8, ge=1, le=50, description="How many passages to find.")

    def __init__(self, config: Config) -> None:
        self.config = config

    async def retrieve(self, query: sdk.Query, ctx: sdk.Context) -> tuple[sdk.Passage, ...]:
        """Your part: search with ``ctx.index`` and return passages, best first, none twice."""
        if ctx.index is None:
            raise sdk.PermanentError("This plugin may not search in the app's collections.")
        k = self.config.k
        by_meaning = await ctx.index.search(query.text, mode=sdk.SearchMode.DENSE, k=k)
        by_words = await ctx.index.search(query.text, mode=sdk.SearchMode.LEXICAL, k=k)
        found: dict[int, sdk.Passage] = {}
        for place in range(k):
            for passages in (by_meaning, by_words):
                for passage in passages[place : place + 1]:
                    found.setdefault(passage.chunk_id, passage)
        return ranked(tuple(found.values())[:k])


def ranked(passages: tuple[sdk.Passage, ...]) -> tuple[sdk.Passage, ...]:
    """The passages as they are, with scores that fall from first to last."""
    return tuple(replace(p, score=1.0 / (place + 1)) for place, p in enumerate(passages))
