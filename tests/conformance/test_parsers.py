"""Every built-in parser keeps the promises of the parser suite."""

from collections.abc import Sequence
from pathlib import Path

from altiplano_plugins.parser_csv import CsvParser
from altiplano_plugins.parser_docx import DocxParser
from altiplano_plugins.parser_html import HtmlParser
from altiplano_plugins.parser_markdown import MarkdownParser
from altiplano_plugins.parser_pdf import PdfParser
from altiplano_plugins.parser_text import TextParser
from altiplano_sdk.testing.parser_suite import ParserSuite
from tests.fakes import documents


class TestTextParser(ParserSuite):
    plugin_class = TextParser
    media_type = "text/plain"

    def make_file(self, path: Path, paragraphs: Sequence[str]) -> None:
        documents.write_text(path, paragraphs)


class TestMarkdownParser(ParserSuite):
    plugin_class = MarkdownParser
    media_type = "text/markdown"

    def make_file(self, path: Path, paragraphs: Sequence[str]) -> None:
        documents.write_text(path, paragraphs)


class TestHtmlParser(ParserSuite):
    plugin_class = HtmlParser
    media_type = "text/html"

    def make_file(self, path: Path, paragraphs: Sequence[str]) -> None:
        documents.write_html(path, paragraphs)


class TestCsvParser(ParserSuite):
    plugin_class = CsvParser
    media_type = "text/csv"

    def make_file(self, path: Path, paragraphs: Sequence[str]) -> None:
        documents.write_csv(path, [("number", "sentence"), *enumerate(paragraphs, start=1)])


class TestDocxParser(ParserSuite):
    plugin_class = DocxParser
    media_type = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"

    def make_file(self, path: Path, paragraphs: Sequence[str]) -> None:
        documents.write_docx(path, paragraphs)


class TestPdfParser(ParserSuite):
    plugin_class = PdfParser
    media_type = "application/pdf"

    def make_file(self, path: Path, paragraphs: Sequence[str]) -> None:
        documents.write_pdf(path, [[paragraph] for paragraph in paragraphs])
