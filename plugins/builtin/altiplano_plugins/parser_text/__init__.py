"""Plain text in any common encoding."""

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
    clean_text,
    hidden_warnings,
)


class TextConfig(BaseModel):
    """Nothing to choose: the encoding is found from the bytes."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class TextParser:
    """The file's characters, cleaned; one page."""

    manifest: ClassVar[Manifest] = Manifest(
        id="text",
        version="0.1.0",
        kind=StageKind.PARSER,
        title="Plain text",
        summary="Reads text files in UTF-8, UTF-16, Windows and other common encodings.",
    )
    Config = TextConfig
    media_types: ClassVar[tuple[str, ...]] = ("text/plain",)

    def __init__(self, config: TextConfig) -> None:
        self._config = config

    async def parse(self, source: SourceFile, ctx: Context) -> ParsedDocument:
        from altiplano_plugins.parser_text.decoding import decode_text

        clean = clean_text(decode_text(source.path.read_bytes()))
        if not clean.text:
            raise UnreadableDocumentError("The file holds no text.")
        return ParsedDocument(
            text=clean.text,
            pages=(PageSpan(1, 0, len(clean.text)),),
            warnings=hidden_warnings(clean.hidden),
        )
