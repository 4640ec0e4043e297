"""Lets the app's model answer, at a temperature of one's own."""

from collections.abc import AsyncIterator
from contextlib import aclosing
from dataclasses import replace

from pydantic import BaseModel, ConfigDict, Field

import altiplano_sdk as sdk


class MyPlugin:
    """Streams what the model says."""

    class Config(BaseModel):
        model_config = ConfigDict(frozen=True, extra="forbid")

        temperature: float = Field(
            default=0.0, ge=0.0, le=2.0, description="0 answers the same each time."
        )

    def __init__(self, config: Config) -> None:
        self.config = config

    async def generate(
        self, request: sdk.GenerationRequest, ctx: sdk.Context
    ) -> AsyncIterator[sdk.GenerationEvent]:
        """Your part: yield pieces of the answer, then one GenerationDone."""
        if ctx.llm is None:
            raise sdk.PermanentError("This plugin may not use the app's model.")
        warmer = replace(request, temperature=self.config.temperature)
        # Closed with this stream, so that the engine stops when nobody listens any more.
        async with aclosing(ctx.llm.stream(warmer)) as events:  # type: ignore[type-var]
            async for event in events:
                yield event
