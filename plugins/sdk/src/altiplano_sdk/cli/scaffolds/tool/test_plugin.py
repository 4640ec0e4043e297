"""What this tool does that no conformance suite can know."""

import asyncio

import altiplano_sdk as sdk
from altiplano_sdk.cli.scaffolds.tool.plugin import MyPlugin
from altiplano_sdk.testing.base import SilentLog


def call(**arguments: object) -> sdk.ToolResult:
    plugin = MyPlugin(MyPlugin.Config())
    return asyncio.run(plugin.call(arguments, sdk.Context(log=SilentLog())))


def test_words_are_counted() -> None:
    assert call(text="one two  three").content == "The text has 3 words."


def test_wrong_arguments_are_told() -> None:
    assert call(letters="one").is_error
