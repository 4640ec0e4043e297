"""Word documents (DOCX)."""

from typing import ClassVar

from pydantic import BaseModel, ConfigDict

from altiplano_sdk import Context, Manifest, ParsedDocument, SourceFile, StageKind


class DocxConfig(BaseModel):
    """Nothing to choose: the document is read as it would be printed."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class DocxParser:
    """Paragraphs, lists, tables, text boxes and notes; what is deleted or hidden stays out."""

    manifest: ClassVar[Manifest] = Manifest(
        id="docx",
        version="0.1.0",
        kind=StageKind.PARSER,
        title="Word document",
        summary="Reads Word files (.docx): text, numbered lists, tables, text boxes and notes.",
    )
    Config = DocxConfig
    media_types: ClassVar[tuple[str, ...]] = (
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    )

    def __init__(self, config: DocxConfig) -> None:
        self._config = config

    async def parse(self, source: SourceFile, ctx: Context) -> ParsedDocument:
        from altiplano_plugins.parser_docx.extraction import extract_docx

        return extract_docx(source.path)
