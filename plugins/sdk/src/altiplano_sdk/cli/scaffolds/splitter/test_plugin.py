"""What this splitter does that no conformance suite can know."""

import asyncio

import altiplano_sdk as sdk
from altiplano_sdk.cli.scaffolds.splitter.plugin import MyPlugin
from altiplano_sdk.testing.base import SilentLog


def split(text: str) -> list[str]:
    document = sdk.ParsedDocument(text, (sdk.PageSpan(1, 0, len(text)),))
    plugin = MyPlugin(MyPlugin.Config(longest=100))
    spans = asyncio.run(plugin.split(document, sdk.Context(log=SilentLog())))
    return [text[span.start : span.end] for span in spans]


def test_paragraphs_are_passages() -> None:
    assert split("One\nline.\n\nTwo.") == ["One\nline.", "Two."]


def test_long_paragraphs_are_cut() -> None:
    assert [len(part) for part in split("x" * 250)] == [100, 100, 50]
