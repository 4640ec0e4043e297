"""What this loader does that no conformance suite can know."""

import asyncio
from collections.abc import Mapping
from typing import Any

import altiplano_sdk as sdk
from altiplano_sdk.cli.scaffolds.loader.plugin import MyPlugin
from altiplano_sdk.testing.base import SilentLog


class Site:
    """Answers every request with the address that was asked for."""

    async def request(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        body: bytes = b"",
    ) -> sdk.HttpResponse:
        return sdk.HttpResponse(200, {}, url.encode())

    async def post_json(
        self, url: str, body: Mapping[str, Any], headers: Mapping[str, str]
    ) -> Mapping[str, Any]:
        return {"url": url}


async def load(page: str) -> list[str]:
    plugin = MyPlugin(MyPlugin.Config())
    brought = []
    async for source in plugin.load({"page": page}, sdk.Context(log=SilentLog(), http=Site())):
        brought.append(source.path.read_text(encoding="utf-8"))
        source.path.unlink()
    return brought


def test_the_named_page_is_fetched() -> None:
    assert asyncio.run(load("rain")) == ["https://example.org/pages/rain"]
