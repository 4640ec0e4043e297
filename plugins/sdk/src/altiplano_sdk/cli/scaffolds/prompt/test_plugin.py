"""What this prompt does that no conformance suite can know."""

import asyncio

import altiplano_sdk as sdk
from altiplano_sdk.cli.scaffolds.prompt.plugin import MyPlugin
from altiplano_sdk.testing.base import SilentLog


def test_passages_are_numbered_and_the_question_comes_last() -> None:
    passage = sdk.Passage(1, "d", "Notes", 1, 0, 15, "Grass is green.", "en", 1.0)
    request = sdk.PromptRequest(sdk.Query("Which colour?"), (passage,), 4096, 256)
    plugin = MyPlugin(MyPlugin.Config())
    result = asyncio.run(plugin.build(request, sdk.Context(log=SilentLog())))
    assert result.messages[-1].content == "[1] Grass is green.\n\nWhich colour?"
    assert result.passages == (passage,)
