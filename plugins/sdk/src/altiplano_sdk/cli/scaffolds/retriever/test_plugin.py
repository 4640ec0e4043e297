"""What this retriever does that no conformance suite can know."""

import asyncio

import altiplano_sdk as sdk
from altiplano_sdk.cli.scaffolds.retriever.plugin import MyPlugin
from altiplano_sdk.testing.base import SilentLog


class Shelf:
    """An index with two passages, each found by one of the searches."""

    async def search(
        self, text: str, *, mode: sdk.SearchMode, k: int, where: sdk.RetrievalFilter | None = None
    ) -> tuple[sdk.Passage, ...]:
        number = 1 if mode is sdk.SearchMode.DENSE else 2
        return (sdk.Passage(number, "d", "Notes", 1, 0, 4, "Text", "en", 0.5),)


def test_both_searches_are_heard() -> None:
    plugin = MyPlugin(MyPlugin.Config())
    ctx = sdk.Context(log=SilentLog(), index=Shelf())
    found = asyncio.run(plugin.retrieve(sdk.Query("text"), ctx))
    assert [passage.chunk_id for passage in found] == [1, 2]
