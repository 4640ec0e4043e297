"""What every loader does: bring files one after another, each whole, and leave none behind."""

import asyncio
import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from altiplano_sdk import Context, PluginError, SourceFile, StageKind
from altiplano_sdk.testing.calls import CallSuite, assert_is_for_people
from altiplano_sdk.testing.rules import BUDGETS, CANCELLATION, ODD_INPUT, SHAPES, proves
from altiplano_sdk.testing.shapes import assert_shape
from altiplano_sdk.testing.texts import USUAL_TEXTS

Brought = tuple[str, str, int, str]
"""Name, media type, size and digest of a file."""


class LoaderSuite(CallSuite):
    """Set ``plugin_class``; ``samples.reference`` is what there is to bring."""

    kind = StageKind.LOADER

    @property
    def reference(self) -> Mapping[str, Any]:
        if self.samples.reference is None:
            pytest.skip("conformance.toml names no [loader] reference")
        return self.samples.reference

    async def call(self, plugin: Any, ctx: Context, text: str) -> tuple[Brought, ...]:
        """The sample reference; odd texts stand in for one value of it after another."""
        reference = self.reference
        if text in USUAL_TEXTS:
            return await self.load(plugin, ctx, reference)
        brought: tuple[Brought, ...] = ()
        for name in reference:
            brought += await self.load_or_nothing(plugin, ctx, {**reference, name: text})
        return brought

    async def load(
        self, plugin: Any, ctx: Context, reference: Mapping[str, Any]
    ) -> tuple[Brought, ...]:
        """Every file is looked at when it comes and removed, as the platform does."""
        brought = []
        async for source in plugin.load(reference, ctx):
            assert_source(source)
            content = source.path.read_bytes()
            assert len(content) == source.size
            digest = hashlib.sha256(content).hexdigest()
            brought.append((source.name, source.media_type, source.size, digest))
            source.path.unlink()
        return tuple(brought)

    async def load_or_nothing(
        self, plugin: Any, ctx: Context, reference: Mapping[str, Any]
    ) -> tuple[Brought, ...]:
        try:
            return await self.load(plugin, ctx, reference)
        except PluginError as refusal:
            assert_is_for_people(refusal)
            return ()

    @proves(SHAPES)
    def test_the_sample_brings_files(self, plugin: Any, ctx: Context) -> None:
        brought = asyncio.run(self.load(plugin, ctx, self.reference))
        assert brought
        assert len({name for name, *_ in brought}) == len(brought), "two files have one name"

    @proves(SHAPES)
    def test_the_reference_is_left_as_it_was(self, plugin: Any, ctx: Context) -> None:
        before = repr(self.reference)
        asyncio.run(self.load(plugin, ctx, self.reference))
        assert repr(self.reference) == before

    @proves(ODD_INPUT)
    @pytest.mark.parametrize(
        "reference",
        [{}, {"no_such_field": 1}, {"path": "/etc/passwd"}, {"url": "file:///etc/passwd"}],
        ids=["empty", "unknown", "path", "file"],
    )
    def test_wrong_references_bring_nothing(
        self, plugin: Any, ctx: Context, reference: Mapping[str, Any]
    ) -> None:
        """They are refused in a sentence, and no file of the machine comes back."""
        assert asyncio.run(self.load_or_nothing(plugin, ctx, reference)) == ()

    @proves(CANCELLATION)
    def test_a_loader_may_be_left_after_the_first_file(self, plugin: Any, ctx: Context) -> None:
        """Closed early, it lets go of what it holds; the file stays until its reader is done."""

        async def first_file() -> bool:
            stream = plugin.load(self.reference, ctx)
            source = await anext(stream)
            await stream.aclose()
            there: bool = source.path.is_file()
            source.path.unlink(missing_ok=True)
            return there

        assert asyncio.run(first_file())

    @proves(BUDGETS)
    def test_no_file_is_left_behind(
        self, plugin: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Everything that was written to the temporary folder was handed over."""
        monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
        asyncio.run(self.load(plugin, self.make_context(), self.reference))
        assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == []


def assert_source(source: Any) -> None:
    """Passes for a file that is there, under a name that is no path."""
    assert_shape(source, SourceFile)
    assert source.name
    assert not {"/", "\\", "\0"} & set(source.name), "a name is no path"
    assert "/" in source.media_type
    assert source.media_type == source.media_type.lower()
    assert source.path.is_file()
    assert not source.path.is_symlink()
