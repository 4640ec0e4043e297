"""Writes abbreviations out before documents are searched."""

from collections.abc import Mapping

from pydantic import BaseModel, ConfigDict, Field

import altiplano_sdk as sdk


class MyPlugin:
    """Adds a wording of the question with its abbreviations written out."""

    class Config(BaseModel):
        model_config = ConfigDict(frozen=True, extra="forbid")

        abbreviations: Mapping[str, str] = Field(
            default={"WHO": "World Health Organization"},
            description="What stands for what, as it is written in questions.",
        )

    def __init__(self, config: Config) -> None:
        self.config = config

    async def rewrite(self, query: sdk.Query, ctx: sdk.Context) -> sdk.Query:
        """Your part: return the query with better words to search for."""
        words = query.text.split(" ")
        written_out = " ".join(self.config.abbreviations.get(word, word) for word in words)
        if written_out == query.text or written_out in query.variants:
            return query
        variants = (*query.variants, written_out)
        return sdk.Query(query.text, query.language, query.history, variants)
