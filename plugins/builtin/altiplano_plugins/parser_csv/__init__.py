"""Tables in CSV and TSV: each row becomes a line that can be found and understood alone."""

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
    clean_text,
    hidden_warnings,
)


class CsvConfig(BaseModel):
    """How much of a very large table is read."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    max_rows: int = Field(
        default=100_000,
        ge=1,
        le=1_000_000,
        title="Rows at most",
        description="Rows beyond this number are left out, and the owner is told.",
    )
    max_columns: int = Field(
        default=200,
        ge=1,
        le=2_000,
        title="Columns at most",
        description="Columns beyond this number are left out, and the owner is told.",
    )


class CsvParser:
    """One line a row, written as ``Header: value; Header: value.``; one page."""

    manifest: ClassVar[Manifest] = Manifest(
        id="csv",
        version="0.1.0",
        kind=StageKind.PARSER,
        title="CSV table",
        summary="Reads tables in CSV or TSV; every row names its columns, so that it can be found.",
    )
    Config = CsvConfig
    media_types: ClassVar[tuple[str, ...]] = ("text/csv",)

    def __init__(self, config: CsvConfig) -> None:
        self._config = config

    async def parse(self, source: SourceFile, ctx: Context) -> ParsedDocument:
        from altiplano_plugins.parser_csv.rows import write_rows
        from altiplano_plugins.parser_text.decoding import decode_text

        clean = clean_text(decode_text(source.path.read_bytes()))
        table = write_rows(
            clean.text, max_rows=self._config.max_rows, max_columns=self._config.max_columns
        )
        if not table.text:
            raise UnreadableDocumentError("The table holds no rows.")
        return ParsedDocument(
            text=table.text,
            pages=(PageSpan(1, 0, len(table.text)),),
            warnings=(*table.warnings, *hidden_warnings(clean.hidden)),
        )
