"""Loader, parser, splitter: how much of what there is arrives, and in which pieces."""

import asyncio
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from altiplano_sdk.contracts.documents import PageSpan, ParsedDocument, Span
from altiplano_sdk.errors import PluginError
from altiplano_sdk.testing.effect.shares import effect, mean, share
from altiplano_sdk.testing.loader_suite import LoaderSuite
from altiplano_sdk.testing.parser_suite import ParserSuite
from altiplano_sdk.testing.reference import reference_set
from altiplano_sdk.testing.report import Effect
from altiplano_sdk.testing.splitter_suite import SplitterSuite

WINDOW: Final = 400
"""Characters in a piece when text is cut without looking."""


def effect_of_loader(suite: LoaderSuite) -> Mapping[str, Effect]:
    """How many files, and how many of them bring text."""
    reference = suite.samples.reference
    if reference is None:
        return {}
    brought = asyncio.run(suite.load(suite.make_plugin(), suite.make_context(), reference))
    return {
        "files brought": effect(0, len(brought)),
        "bytes brought": effect(0, sum(size for _, _, size, _ in brought)),
    }


def effect_of_parser(suite: ParserSuite) -> Mapping[str, Effect]:
    """The share of the sample's paragraphs that are found in the text, and in the bare bytes."""
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "stored"
        suite.make_file(path, suite.paragraphs)
        raw = path.read_bytes().decode("utf-8", "replace")
        source = suite.source_at(path)
        try:
            document = asyncio.run(suite.make_plugin().parse(source, suite.make_context()))
        except PluginError:
            document = ParsedDocument("", ())
    return {
        "paragraphs recovered": effect(
            _recovered(raw, suite.paragraphs), _recovered(document.text, suite.paragraphs)
        )
    }


def effect_of_splitter(suite: SplitterSuite) -> Mapping[str, Effect]:
    """Against windows of 400 characters: how many reference passages lie whole in one piece."""
    passages = [passage.text for passage in reference_set().passages]
    text = "\n\n".join(passages)
    document = ParsedDocument(text, (PageSpan(1, 0, len(text)),), language="en")
    spans = asyncio.run(suite.make_plugin().split(document, suite.make_context()))
    windows = tuple(Span(at, min(at + WINDOW, len(text))) for at in range(0, len(text), WINDOW))
    return {
        "passages whole": effect(_whole(text, windows, passages), _whole(text, spans, passages)),
        "characters a piece": effect(_length(windows), _length(spans)),
    }


def _recovered(text: str, paragraphs: Sequence[str]) -> float:
    shown = " ".join(text.split())
    return share(" ".join(paragraph.split()) in shown for paragraph in paragraphs)


def _whole(text: str, spans: Sequence[Span], passages: Sequence[str]) -> float:
    pieces = [text[span.start : span.end] for span in spans]
    return share(any(passage in piece for piece in pieces) for passage in passages)


def _length(spans: Sequence[Span]) -> float:
    return mean([span.end - span.start for span in spans])
