"""What this index does that no conformance suite can know."""

from pathlib import Path

import altiplano_sdk as sdk
from altiplano_sdk.cli.scaffolds.index.plugin import MyPlugin


def test_text_with_more_shared_words_comes_first(tmp_path: Path) -> None:
    texts = ("rain falls in spring", "snow falls in winter")
    vectors = sdk.VectorBatch(1, 2, bytes(8))
    batch = sdk.IndexBatch((1, 2), texts, ("en", "en"), vectors)
    plugin = MyPlugin(MyPlugin.Config())
    plugin.extend(None, tmp_path, batch)
    hits = plugin.open(tmp_path).search(sdk.IndexQuery("snow in winter", None, k=2))
    assert [hit.chunk_id for hit in hits] == [2, 1]
