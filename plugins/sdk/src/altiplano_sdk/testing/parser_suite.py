"""What every parser does: give clean text with page spans, or one sentence saying why not."""

import asyncio
import tempfile
import unicodedata
from abc import abstractmethod
from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar, cast

import pytest

from altiplano_sdk import (
    Context,
    ParsedDocument,
    SourceFile,
    StageKind,
    UnreadableDocumentError,
    clean_text,
)
from altiplano_sdk.testing.calls import CallSuite
from altiplano_sdk.testing.rules import ODD_INPUT, REPEATABLE, SHAPES, TAXONOMY, proves
from altiplano_sdk.testing.shapes import assert_shape

PARAGRAPHS = (
    "The garden opens at nine and closes at dusk.",
    "Le compost mûrit en six à neuf mois, selon la saison.",
    "Water the seedlings twice a day in July.",
)


class ParserSuite(CallSuite):
    """Set ``plugin_class`` and ``media_type``, and write :meth:`make_file`."""

    kind = StageKind.PARSER
    media_type: ClassVar[str]
    paragraphs: ClassVar[Sequence[str]] = PARAGRAPHS
    huge_characters = 1_000_000

    @abstractmethod
    def make_file(self, path: Path, paragraphs: Sequence[str]) -> None:
        """Writes a sound file at ``path`` that shows ``paragraphs`` in their order."""

    @pytest.fixture
    def source(self, tmp_path: Path) -> SourceFile:
        """A sound file with three paragraphs. Its path has no extension, as in storage."""
        path = tmp_path / "stored"
        self.make_file(path, self.paragraphs)
        return self.source_at(path)

    def source_at(self, path: Path) -> SourceFile:
        return SourceFile("upload", self.media_type, path, path.stat().st_size)

    async def call(self, plugin: Any, ctx: Context, text: str) -> ParsedDocument:
        """A file that shows ``text`` is parsed; what no file can show is left out of it."""
        with tempfile.TemporaryDirectory() as directory:
            path = Path(directory) / "stored"
            self.make_file(path, clean_text(text).text.split("\n\n"))
            document = await plugin.parse(self.source_at(path), ctx)
        assert_shape(document, ParsedDocument)
        return cast(ParsedDocument, document)

    def parse(self, plugin: Any, source: SourceFile, ctx: Context) -> ParsedDocument:
        document = asyncio.run(plugin.parse(source, ctx))
        assert_shape(document, ParsedDocument)
        return cast(ParsedDocument, document)

    def test_media_types_include_this_one(self, plugin: Any) -> None:
        assert self.media_type in plugin.media_types
        assert all(kind == kind.lower() and "/" in kind for kind in plugin.media_types)

    def test_paragraphs_come_back_in_order(
        self, plugin: Any, source: SourceFile, ctx: Context
    ) -> None:
        shown = " ".join(self.parse(plugin, source, ctx).text.split())
        positions = [shown.find(paragraph) for paragraph in self.paragraphs]
        assert -1 not in positions
        assert positions == sorted(positions)

    @proves(SHAPES)
    def test_pages_lie_in_the_text_in_order(
        self, plugin: Any, source: SourceFile, ctx: Context
    ) -> None:
        """Pages start at 1, rise, do not overlap, and hold all that can be read."""
        document = self.parse(plugin, source, ctx)
        end = 0
        number = 0
        for page in document.pages:
            assert page.number > number
            assert end <= page.start <= page.end <= len(document.text)
            assert document.text[end : page.start].strip() == ""
            number, end = page.number, page.end
        assert number >= 1
        assert document.text[end:].strip() == ""

    def test_text_is_clean(self, plugin: Any, tmp_path: Path, ctx: Context) -> None:
        """Composed, one kind of line end, nothing hidden: whatever the file brought."""
        path = tmp_path / "stored"
        odd = ("Cafe\u0301 au lait", "Pay\u200bment due\u202e", "Last \u2068line\u2069")
        self.make_file(path, odd)
        text = self.parse(plugin, self.source_at(path), ctx).text
        assert clean_text(text).hidden == 0
        assert unicodedata.is_normalized("NFC", text)
        assert "\r" not in text

    @proves(REPEATABLE)
    def test_same_bytes_give_the_same_text(
        self, plugin: Any, source: SourceFile, ctx: Context
    ) -> None:
        first = self.parse(plugin, source, ctx)
        assert self.parse(plugin, source, ctx) == first
        assert self.parse(self.make_plugin(), source, ctx) == first

    def test_source_is_left_as_it_was(self, plugin: Any, source: SourceFile, ctx: Context) -> None:
        before = source.path.read_bytes()
        self.parse(plugin, source, ctx)
        assert source.path.read_bytes() == before
        assert [path.name for path in source.path.parent.iterdir()] == ["stored"]

    @proves(TAXONOMY)
    def test_empty_file_is_refused(self, plugin: Any, tmp_path: Path, ctx: Context) -> None:
        path = tmp_path / "stored"
        path.touch()
        with pytest.raises(UnreadableDocumentError) as refusal:
            self.parse(plugin, self.source_at(path), ctx)
        assert_is_a_sentence(refusal.value.message, path)

    @proves(ODD_INPUT)
    @pytest.mark.parametrize("kept", [0.01, 0.3, 0.6, 0.9, 0.99])
    def test_truncated_file_is_read_or_refused(
        self, plugin: Any, source: SourceFile, ctx: Context, kept: float
    ) -> None:
        """A file cut short is never an unexpected error: its owner reads what is wrong."""
        content = source.path.read_bytes()
        source.path.write_bytes(content[: max(1, int(len(content) * kept))])
        self.read_or_refuse(plugin, self.source_at(source.path), ctx)

    @proves(ODD_INPUT)
    @pytest.mark.parametrize("seed", range(5))
    def test_damaged_file_is_read_or_refused(
        self, plugin: Any, source: SourceFile, ctx: Context, seed: int
    ) -> None:
        """Bytes overwritten in the middle are read around or refused in a sentence."""
        content = bytearray(source.path.read_bytes())
        for step in range(1, 9):
            content[(seed * 7919 + step * 104729) % len(content)] = (seed * 31 + step * 17) % 256
        source.path.write_bytes(content)
        self.read_or_refuse(plugin, self.source_at(source.path), ctx)

    def read_or_refuse(self, plugin: Any, source: SourceFile, ctx: Context) -> None:
        try:
            document = self.parse(plugin, source, ctx)
        except UnreadableDocumentError as refusal:
            assert_is_a_sentence(refusal.message, source.path)
        else:
            assert document.text == clean_text(document.text).text


def assert_is_a_sentence(message: str, path: Path) -> None:
    """``message`` can be shown to a person: a sentence, without the path of the stored file."""
    assert message[:1].isupper()
    assert message.endswith(".")
    assert str(path) not in message
    assert str(path.parent) not in message
