"""LangChain's own vector store as an index, in the real sandbox, beside the built-in exact search."""

import importlib.metadata
import re
import shutil
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import altiplano_sdk as sdk
from altiplano_plugins.index_faiss import FaissIndex
from altiplano_worker.runtime.sandbox.levels import SandboxLevel, available_levels
from altiplano_worker.runtime.sandbox.plugins import sandboxed_plugin
from altiplano_worker.runtime.sandbox.pool import SandboxPool
from tests.fakes.index_sources import batch_of
from tests.fakes.plugin_releases import make_release
from tests.integration.sandbox.test_indexes import given, query_of, unit_rows

SOURCE = """
    from langchain_core.vectorstores import InMemoryVectorStore

    from altiplano_sdk.langchain import index_plugin

    Plugin = index_plugin(lambda config, embeddings: InMemoryVectorStore(embeddings))
    """
OF_THE_SDK = frozenset({"altiplano-sdk", "pydantic", "pydantic-core", "typing-extensions"})


@pytest.fixture
async def pool() -> AsyncIterator[SandboxPool]:
    if SandboxLevel.BUBBLEWRAP not in available_levels():
        pytest.skip("this machine has no bubblewrap")
    pool = SandboxPool(SandboxLevel.BUBBLEWRAP)
    yield pool
    pool.close()


def vendor(distribution: str, site: Path, seen: set[str]) -> None:
    """What the distribution needs lies in ``site``, as it would come out of a package's wheels."""
    name = re.sub(r"[-_.]+", "-", distribution).lower()
    if name in seen or name in OF_THE_SDK:
        return
    seen.add(name)
    found = importlib.metadata.distribution(name)
    for place in {file.parts[0] for file in found.files or () if ".." not in file.parts}:
        if place != "__pycache__" and not (site / place).exists():
            source = Path(str(found.locate_file(place)))
            if source.is_dir():
                shutil.copytree(source, site / place, ignore=shutil.ignore_patterns("tests"))
            else:
                shutil.copyfile(source, site / place)
    for needed in _needed(found):
        vendor(needed, site, seen)


def _needed(found: importlib.metadata.Distribution) -> Iterator[str]:
    for line in found.requires or ():
        if "extra ==" not in line:
            match = re.match(r"[A-Za-z0-9._-]+", line)
            assert match is not None
            try:
                importlib.metadata.distribution(match[0])
            except importlib.metadata.PackageNotFoundError:
                continue  # of another platform or Python
            yield match[0]


async def test_it_finds_what_exact_search_finds(
    pool: SandboxPool, context: sdk.Context, tmp_path: Path
) -> None:
    release = make_release(tmp_path / "release", SOURCE, kind=sdk.StageKind.INDEX, seconds=60.0)
    site = release.directory / "site"
    site.mkdir()
    seen: set[str] = set()
    for needed in ("langchain-core", "langchain-text-splitters"):
        vendor(needed, site, seen)
    vendor("numpy", site, seen)
    plugin: Any = sandboxed_plugin(
        release,
        sdk.StageKind.INDEX,
        pool=pool,
        organization="one",
        granted=release.manifest.for_kind(sdk.StageKind.INDEX).grants,
    ).create({})
    rows = unit_rows(300)
    held = plugin.hold("one", context)
    await held.change(given(batch_of(rows[:200])))
    await held.change(given(batch_of(rows[200:], first_id=201)), removed={5})
    built_in = FaissIndex(FaissIndex.Config())
    (tmp_path / "exact").mkdir()
    built_in.extend(None, tmp_path / "exact", batch_of(rows))
    opened = built_in.open(tmp_path / "exact")
    for asked in unit_rows(20, seed=3):
        query = query_of(asked, k=10, excluded=frozenset({5, 6}))
        expected, found = opened.search(query), await held.search(query)
        assert [hit.chunk_id for hit in found] == [hit.chunk_id for hit in expected]
        assert np.allclose([h.score for h in found], [h.score for h in expected], atol=1e-5)
