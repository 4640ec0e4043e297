"""Keeps words out of answers."""

from pydantic import BaseModel, ConfigDict, Field

import altiplano_sdk as sdk


class MyGuard:
    """Replaces an answer that holds a word of the list."""

    class Config(BaseModel):
        model_config = ConfigDict(frozen=True, extra="forbid")

        words: tuple[str, ...] = Field(default=(), description="Words that no answer may hold.")

    points = (sdk.GuardPoint.ANSWER,)

    def __init__(self, config: Config) -> None:
        self.config = config

    async def check(self, request: sdk.GuardRequest, ctx: sdk.Context) -> sdk.GuardVerdict:
        """Your part: look at ``request.answer`` and say what happens to it."""
        said = set(request.answer.casefold().split())
        found = [word for word in self.config.words if word.casefold() in said]
        if not found:
            return sdk.GuardVerdict()
        return sdk.GuardVerdict(
            action="replace",
            message="This answer is not shown here.",
            reason=f"It holds {', '.join(found)}.",
        )
