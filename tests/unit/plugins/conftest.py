import asyncio
from pathlib import Path

import pytest

from altiplano_sdk import Context, ParsedDocument, SourceFile
from altiplano_sdk.testing.base import SilentLog


@pytest.fixture
def parse(tmp_path):
    """Parses ``content`` (bytes or a path) with a parser class and its configuration."""

    def run(plugin_class, content: bytes | Path, **config) -> ParsedDocument:
        path = content if isinstance(content, Path) else tmp_path / "stored"
        if isinstance(content, bytes):
            path.write_bytes(content)
        plugin = plugin_class(plugin_class.Config(**config))
        source = SourceFile("upload", plugin.media_types[0], path, path.stat().st_size)
        return asyncio.run(plugin.parse(source, Context(log=SilentLog())))

    return run
