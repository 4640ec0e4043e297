"""LangChain's Markdown splitter as a splitter: the three lines are at the end."""

from langchain_text_splitters import MarkdownTextSplitter
from pydantic import BaseModel, ConfigDict, Field

from altiplano_sdk.langchain import splitter_plugin


class HeadingSplitterConfig(BaseModel):
    """How long a piece may be and how much of the one before it repeats."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    characters: int = Field(
        default=1000,
        ge=100,
        le=20_000,
        title="Characters in a piece",
        description="A piece ends at the last heading, paragraph, line or word before this length.",
    )
    overlap: int = Field(
        default=0,
        ge=0,
        le=90,
        title="Characters repeated",
        description="How many characters at the end of a piece begin the next one again.",
    )


def make_splitter(config: HeadingSplitterConfig) -> MarkdownTextSplitter:
    return MarkdownTextSplitter(chunk_size=config.characters, chunk_overlap=config.overlap)


HeadingSplitter = splitter_plugin(make_splitter, HeadingSplitterConfig)
