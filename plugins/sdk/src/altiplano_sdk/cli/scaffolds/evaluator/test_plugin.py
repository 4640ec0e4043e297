"""What this evaluator does that no conformance suite can know."""

import asyncio

import altiplano_sdk as sdk
from altiplano_sdk.cli.scaffolds.evaluator.plugin import MyPlugin
from altiplano_sdk.testing.base import SilentLog


def score(answer: str) -> float:
    example = sdk.ExampleAnswer("Which colour?", ("Dark green",), answer, (), abstained=False)
    plugin = MyPlugin(MyPlugin.Config())
    evaluation = asyncio.run(plugin.evaluate(example, sdk.Context(log=SilentLog())))
    return evaluation.scores["said"]


def test_share_of_the_expected_words_counts() -> None:
    assert score("It is dark green.") == 1.0
    assert score("It is green.") == 0.5
    assert score("It is blue.") == 0.0
