"""What this reranker does that no conformance suite can know."""

import asyncio

import altiplano_sdk as sdk
from altiplano_sdk.cli.scaffolds.reranker.plugin import MyPlugin
from altiplano_sdk.testing.base import SilentLog


def passage(number: int, text: str) -> sdk.Passage:
    return sdk.Passage(number, "d", "Notes", 1, 0, len(text), text, "en", 1.0 / number)


def test_passage_with_the_words_of_the_question_comes_first() -> None:
    given = (passage(1, "About the moon."), passage(2, "Why grass is green."))
    plugin = MyPlugin(MyPlugin.Config())
    ctx = sdk.Context(log=SilentLog())
    best, _ = asyncio.run(plugin.rerank(sdk.Query("why is grass green"), given, ctx))
    assert best.chunk_id == 2
