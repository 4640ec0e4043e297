"""PDF: the text layer, page by page."""

from typing import ClassVar

from pydantic import BaseModel, ConfigDict

from altiplano_sdk import Context, Manifest, PageWish, ParsedDocument, SourceFile, StageKind


class PdfConfig(BaseModel):
    """Nothing to choose: the text layer is read as it is."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class PdfParser:
    """Text in reading order with exact page spans; pictures of text are not recognised."""

    manifest: ClassVar[Manifest] = Manifest(
        id="pdf",
        version="0.1.0",
        kind=StageKind.PARSER,
        title="PDF",
        summary="Reads the text of PDF files with page numbers. Scanned pages need OCR first.",
    )
    Config = PdfConfig
    media_types: ClassVar[tuple[str, ...]] = ("application/pdf",)

    def __init__(self, config: PdfConfig) -> None:
        self._config = config

    async def parse(self, source: SourceFile, ctx: Context) -> ParsedDocument:
        from altiplano_plugins.parser_pdf.extraction import extract_pdf

        return extract_pdf(source.path)

    async def draw_page(self, source: SourceFile, wish: PageWish, ctx: Context) -> bytes:
        from altiplano_plugins.parser_pdf.drawing import draw_pdf_page

        return draw_pdf_page(source.path, wish)
