"""Reads subtitles: what was said, without numbers and times."""

import re

from pydantic import BaseModel, ConfigDict, Field

import altiplano_sdk as sdk

_NUMBER = re.compile(r"^\d+$")
_TIMES = re.compile(r"^\d{2}:\d{2}:\d{2}[,.]\d{3} --> ")


class MyPlugin:
    """The spoken lines of a SubRip file, as one page."""

    class Config(BaseModel):
        model_config = ConfigDict(frozen=True, extra="forbid")

        keep_sounds: bool = Field(default=False, description="Keep lines such as [door closes].")

    media_types = ("application/x-subrip",)

    def __init__(self, config: Config) -> None:
        self.config = config

    async def parse(self, source: sdk.SourceFile, ctx: sdk.Context) -> sdk.ParsedDocument:
        """Your part: read ``source.path`` and return its text, with the pages it has."""
        raw = source.path.read_bytes().decode("utf-8", errors="replace")
        lines = [line.strip() for line in raw.splitlines()]
        spoken = [line for line in lines if not (_NUMBER.match(line) or _TIMES.match(line))]
        if not self.config.keep_sounds:
            spoken = [line for line in spoken if not (line[:1] == "[" and line[-1:] == "]")]
        clean = sdk.clean_text("\n".join(spoken))
        if not clean.text:
            raise sdk.UnreadableDocumentError("The file holds no spoken lines.")
        pages = (sdk.PageSpan(1, 0, len(clean.text)),)
        return sdk.ParsedDocument(clean.text, pages, warnings=sdk.hidden_warnings(clean.hidden))
