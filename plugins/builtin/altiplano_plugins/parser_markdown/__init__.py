"""Markdown: what a reader of the rendered page sees."""

from typing import ClassVar

from pydantic import BaseModel, ConfigDict

from altiplano_sdk import (
    Context,
    Manifest,
    PageSpan,
    ParsedDocument,
    SourceFile,
    StageKind,
    UnreadableDocumentError,
    hidden_warnings,
)


class MarkdownConfig(BaseModel):
    """Nothing to choose: CommonMark with tables and strikethrough."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class MarkdownParser:
    """Text without marks; headings, lists, tables and code keep their lines."""

    manifest: ClassVar[Manifest] = Manifest(
        id="markdown",
        version="0.1.0",
        kind=StageKind.PARSER,
        title="Markdown",
        summary="Reads Markdown as it is shown, without its marks and front matter.",
    )
    Config = MarkdownConfig
    media_types: ClassVar[tuple[str, ...]] = ("text/markdown",)

    def __init__(self, config: MarkdownConfig) -> None:
        self._config = config

    async def parse(self, source: SourceFile, ctx: Context) -> ParsedDocument:
        from altiplano_plugins.parser_markdown.rendering import render_markdown
        from altiplano_plugins.parser_text.decoding import decode_text

        page = render_markdown(decode_text(source.path.read_bytes()))
        if not page.text:
            raise UnreadableDocumentError("The file holds no text.")
        return ParsedDocument(
            text=page.text,
            pages=(PageSpan(1, 0, len(page.text)),),
            title=page.title,
            warnings=(*page.warnings, *hidden_warnings(page.hidden_characters)),
        )
