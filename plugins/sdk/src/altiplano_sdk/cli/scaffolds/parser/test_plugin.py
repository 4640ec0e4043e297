"""What this parser does that no conformance suite can know."""

import asyncio
from pathlib import Path

import altiplano_sdk as sdk
from altiplano_sdk.cli.scaffolds.parser.plugin import MyPlugin
from altiplano_sdk.testing.base import SilentLog

SUBTITLES = "1\n00:00:01,000 --> 00:00:02,000\nHello.\n\n[rain]\n"


def test_only_what_was_said_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "film.srt"
    path.write_text(SUBTITLES, encoding="utf-8")
    source = sdk.SourceFile(path.name, "application/x-subrip", path, path.stat().st_size)
    plugin = MyPlugin(MyPlugin.Config())
    document = asyncio.run(plugin.parse(source, sdk.Context(log=SilentLog())))
    assert document.text == "Hello."
