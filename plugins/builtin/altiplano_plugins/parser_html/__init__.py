"""Web pages: the text a visitor sees, with its block structure."""

from typing import ClassVar

from pydantic import BaseModel, ConfigDict, Field

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


class HtmlConfig(BaseModel):
    """What of a page is kept beside its content."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    keep_navigation: bool = Field(
        default=False,
        title="Keep menus",
        description="Also read menus and other navigation, which repeat on every page of a site.",
    )


class HtmlParser:
    """Visible text only; scripts, styles and hidden elements are left out."""

    manifest: ClassVar[Manifest] = Manifest(
        id="html",
        version="0.1.0",
        kind=StageKind.PARSER,
        title="Web page",
        summary="Reads the visible text of HTML files, with headings, lists and tables.",
    )
    Config = HtmlConfig
    media_types: ClassVar[tuple[str, ...]] = ("text/html",)

    def __init__(self, config: HtmlConfig) -> None:
        self._config = config

    async def parse(self, source: SourceFile, ctx: Context) -> ParsedDocument:
        from altiplano_plugins.parser_html.charset import decode_html
        from altiplano_plugins.parser_html.extraction import extract_html

        page = extract_html(
            decode_html(source.path.read_bytes()), keep_navigation=self._config.keep_navigation
        )
        if not page.text:
            raise UnreadableDocumentError("The page shows no text.")
        return ParsedDocument(
            text=page.text,
            pages=(PageSpan(1, 0, len(page.text)),),
            title=page.title,
            warnings=(*page.warnings, *hidden_warnings(page.hidden_characters)),
        )
