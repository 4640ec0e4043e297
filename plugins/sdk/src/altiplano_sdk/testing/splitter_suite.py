"""What every splitter does: spans in order that hold the whole text, whatever the text is."""

import asyncio
from collections.abc import Sequence
from typing import Any, cast

import pytest

from altiplano_sdk import Context, PageSpan, ParsedDocument, Span, StageKind
from altiplano_sdk.testing.calls import CallSuite
from altiplano_sdk.testing.rules import REPEATABLE, SHAPES, proves
from altiplano_sdk.testing.shapes import assert_shape

PROSE = (
    "Compost needs air. Turn the heap every two weeks, e.g. on the 1st and the 15th.\n\n"
    "Combien de temps faut-il ? « Six mois », dit M. Dupont ; 3,5 mois en été…\n\n"
    "Kitchen scraps\n\n"
    "- Peel and cores\n- Coffee grounds\n- Egg shells, crushed\n\n"
    "春に種をまきます。夏に水をやります。秋に収穫します。\n"
)

TEXTS = {
    "empty": "",
    "only space": " \n\t\n ",
    "one character": "x",
    "prose": PROSE,
    "long prose": PROSE * 60,
    "one endless word": "x" * 50_000,
    "only punctuation": "." * 20_000,
    "no spaces": "水" * 20_000,
    "short lines": "a\n\n" * 5_000,
    "astral and combining": "👩‍🌾🏽e\u0301\u0323 " * 3_000,
    "table": "Crop | Sown | Harvested\n" * 2_000,
}


class SplitterSuite(CallSuite):
    """Set ``plugin_class``; every test runs on each text in :data:`TEXTS`."""

    kind = StageKind.SPLITTER
    huge_characters = 1_000_000

    @pytest.fixture(params=list(TEXTS))
    def document(self, request: pytest.FixtureRequest) -> ParsedDocument:
        """A text cut into three pages, the middle one empty."""
        text = TEXTS[str(request.param)]
        middle = len(text) // 2
        pages = (
            PageSpan(1, 0, middle),
            PageSpan(2, middle, middle),
            PageSpan(3, middle, len(text)),
        )
        return ParsedDocument(text=text, pages=pages)

    async def call(self, plugin: Any, ctx: Context, text: str) -> tuple[Span, ...]:
        document = ParsedDocument(text, (PageSpan(1, 0, len(text)),), language="en")
        spans = await plugin.split(document, ctx)
        assert_shape(spans, tuple[Span, ...])
        assert_spans_hold(text, spans)
        return cast(tuple[Span, ...], spans)

    def split(self, plugin: Any, document: ParsedDocument, ctx: Context) -> tuple[Span, ...]:
        spans = asyncio.run(plugin.split(document, ctx))
        assert_shape(spans, tuple[Span, ...])
        return cast(tuple[Span, ...], spans)

    @proves(SHAPES)
    def test_spans_are_in_order_and_not_empty(
        self, plugin: Any, document: ParsedDocument, ctx: Context
    ) -> None:
        """Each starts behind the one before, and shows something."""
        start = -1
        for span in self.split(plugin, document, ctx):
            assert start < span.start < span.end <= len(document.text)
            assert document.text[span.start : span.end].strip()
            start = span.start

    @proves(SHAPES)
    def test_spans_hold_the_whole_text(
        self, plugin: Any, document: ParsedDocument, ctx: Context
    ) -> None:
        """Nothing but space lies outside of all spans."""
        assert_spans_hold(document.text, self.split(plugin, document, ctx))

    def test_spans_do_not_hold_each_other(
        self, plugin: Any, document: ParsedDocument, ctx: Context
    ) -> None:
        """Spans may overlap, but each brings something new."""
        end = -1
        for span in self.split(plugin, document, ctx):
            assert span.end > end
            end = span.end

    @proves(REPEATABLE)
    def test_same_document_gives_the_same_spans(
        self, plugin: Any, document: ParsedDocument, ctx: Context
    ) -> None:
        first = self.split(plugin, document, ctx)
        assert self.split(plugin, document, ctx) == first
        assert self.split(self.make_plugin(), document, ctx) == first

    def test_document_without_pages_is_split(self, plugin: Any, ctx: Context) -> None:
        spans = self.split(plugin, ParsedDocument(text=PROSE, pages=()), ctx)
        assert spans[0].start == 0
        assert spans[-1].end == len(PROSE.rstrip())


def assert_spans_hold(text: str, spans: Sequence[Span]) -> None:
    """Passes when only space lies outside of the spans, which are in order."""
    end = 0
    for span in spans:
        assert text[end : span.start].strip() == ""
        end = max(end, span.end)
    assert text[end:].strip() == ""
