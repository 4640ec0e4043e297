"""Cuts documents into passages made of whole sentences."""

from typing import ClassVar

from pydantic import BaseModel, ConfigDict, Field, model_validator

from altiplano_sdk import Context, Manifest, ParsedDocument, Span, Splitter, StageKind


class SentenceConfig(BaseModel):
    """Sizes. Words are counted so that scripts without spaces weigh what they cost a model."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    target_words: int = Field(
        default=160,
        ge=10,
        le=1000,
        title="Words per passage",
        description="Passages grow to about this many words. 160 fits models of 512 tokens well.",
    )
    overlap_words: int = Field(
        default=30,
        ge=0,
        le=200,
        title="Overlap in words",
        description="A passage starts with the last sentence of the one before, if not longer.",
    )
    max_characters: int = Field(
        default=2000,
        ge=100,
        le=20_000,
        title="Characters at most",
        description="No passage is longer than this, even where a text has no sentences.",
    )

    @model_validator(mode="after")
    def _overlap_leaves_room(self) -> "SentenceConfig":
        if self.overlap_words > self.target_words // 2:
            raise ValueError("the overlap must be at most half of the words per passage")
        return self


class SentenceSplitter(Splitter):
    """Whole sentences up to a target size, along paragraphs and headings, page by page.

    A passage belongs to the page on which it starts and crosses into the next one only when
    what is left of a page is too little to be found alone.
    """

    manifest: ClassVar[Manifest] = Manifest(
        id="sentence",
        version="0.1.0",
        kind=StageKind.SPLITTER,
        title="Sentences",
        summary="Cuts text into passages of whole sentences that follow paragraphs and pages.",
    )
    Config = SentenceConfig

    def __init__(self, config: SentenceConfig) -> None:
        self._config = config

    async def split(self, document: ParsedDocument, ctx: Context) -> tuple[Span, ...]:
        from altiplano_plugins.splitter_sentence.packing import Sizes, pack_sentences
        from altiplano_plugins.splitter_sentence.sentences import find_sentences

        config = self._config
        sentences = find_sentences(
            document.text,
            page_starts=tuple(page.start for page in document.pages),
            max_characters=config.max_characters,
        )
        sizes = Sizes(config.target_words, config.overlap_words, config.max_characters)
        return pack_sentences(sentences, sizes)
