"""What this rewriter does that no conformance suite can know."""

import asyncio

import altiplano_sdk as sdk
from altiplano_sdk.cli.scaffolds.query.plugin import MyPlugin
from altiplano_sdk.testing.base import SilentLog


def rewrite(text: str) -> sdk.Query:
    plugin = MyPlugin(MyPlugin.Config())
    return asyncio.run(plugin.rewrite(sdk.Query(text), sdk.Context(log=SilentLog())))


def test_abbreviation_is_written_out_beside_the_question() -> None:
    query = rewrite("What does WHO advise?")
    assert query.text == "What does WHO advise?"
    assert query.variants == ("What does World Health Organization advise?",)


def test_question_without_abbreviation_stays() -> None:
    assert rewrite("What is advised?").variants == ()
