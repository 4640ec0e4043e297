"""Measures how much of the expected answer was said."""

import re

from pydantic import BaseModel, ConfigDict, Field

import altiplano_sdk as sdk

_WORD = re.compile(r"\w+")


class MyPlugin:
    """The share of the expected words that the answer holds, for the nearest expectation."""

    class Config(BaseModel):
        model_config = ConfigDict(frozen=True, extra="forbid")

        shortest_word: int = Field(
            default=3, ge=1, le=20, description="Shorter words do not count."
        )

    def __init__(self, config: Config) -> None:
        self.config = config

    async def evaluate(self, example: sdk.ExampleAnswer, ctx: sdk.Context) -> sdk.Evaluation:
        """Your part: give each measure a score from 0 to 1."""
        if not example.expected:
            # A question that the documents do not answer: saying so is the right answer.
            return sdk.Evaluation({"said": float(example.abstained)})
        said = self._words(example.answer)
        shares = []
        for expected in example.expected:
            wanted = self._words(expected)
            shares.append(len(wanted & said) / len(wanted) if wanted else 1.0)
        return sdk.Evaluation({"said": max(shares)})

    def _words(self, text: str) -> set[str]:
        shortest = self.config.shortest_word
        return {word for word in _WORD.findall(text.casefold()) if len(word) >= shortest}
