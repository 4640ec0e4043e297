"""Cuts documents into paragraphs."""

import re

from pydantic import BaseModel, ConfigDict, Field

import altiplano_sdk as sdk

_PARAGRAPH = re.compile(r"\S(?:.|\n(?!\s*\n))*", re.MULTILINE)


class MyPlugin:
    """One span per paragraph; long ones are cut."""

    class Config(BaseModel):
        model_config = ConfigDict(frozen=True, extra="forbid")

        longest: int = Field(
            default=1200, ge=100, le=10_000, description="Characters of a passage, at most."
        )

    def __init__(self, config: Config) -> None:
        self.config = config

    async def split(self, document: sdk.ParsedDocument, ctx: sdk.Context) -> tuple[sdk.Span, ...]:
        """Your part: say where passages begin and end; none may be empty."""
        spans = []
        for paragraph in _PARAGRAPH.finditer(document.text):
            for start in range(paragraph.start(), paragraph.end(), self.config.longest):
                end = min(start + self.config.longest, paragraph.end())
                text = document.text[start:end].rstrip()
                if text:
                    spans.append(sdk.Span(start, start + len(text)))
        return tuple(spans)
