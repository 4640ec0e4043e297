"""Counts words, which models are bad at."""

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

import altiplano_sdk as sdk


class Arguments(BaseModel):
    """What a model passes; its JSON Schema is what the model is told."""

    model_config = ConfigDict(extra="forbid", strict=True)

    text: str = Field(max_length=20_000, description="The text whose words are counted.")


class MyPlugin:
    """Says how many words a text has."""

    name = "count_words"
    description = "Counts the words of a text. Use it whenever a number of words is asked for."
    parameters: Mapping[str, Any] = Arguments.model_json_schema()

    class Config(BaseModel):
        model_config = ConfigDict(frozen=True, extra="forbid")

        shortest_word: int = Field(default=1, ge=1, le=20, description="Shorter words don't count.")

    def __init__(self, config: Config) -> None:
        self.config = config

    async def call(self, arguments: Mapping[str, Any], ctx: sdk.Context) -> sdk.ToolResult:
        """Your part: do what the model asked for and say the result in words."""
        try:
            given = Arguments.model_validate(arguments)
        except ValidationError as error:
            reason = error.errors()[0]["msg"]
            return sdk.ToolResult(f"The arguments are wrong: {reason}.", is_error=True)
        words = [w for w in given.text.split() if len(w) >= self.config.shortest_word]
        return sdk.ToolResult(f"The text has {len(words)} words.")
