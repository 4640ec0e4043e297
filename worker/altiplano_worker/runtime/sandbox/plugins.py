"""Plugins from outside, in the shape in which the platform knows plugins: one class per kind."""

from __future__ import annotations

import asyncio
import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast
from uuid import uuid4

import altiplano_sdk as sdk
from altiplano_sdk.wire import LoadedFile
from altiplano_worker.runtime.sandbox import border
from altiplano_worker.runtime.sandbox.broker import Broker, PluginCapabilities
from altiplano_worker.runtime.sandbox.child import SandboxChild
from altiplano_worker.runtime.sandbox.indexes import RemoteIndex
from altiplano_worker.runtime.sandbox.installed import Installed
from altiplano_worker.runtime.sandbox.levels import NoSandboxError, SandboxLevel
from altiplano_worker.runtime.sandbox.pool import SandboxPool
from altiplano_worker.runtime.sandbox.releases import ReleaseOnDisk
from altiplano_worker.runtime.sandbox.remote import RemotePlugin


class RemoteQueryRewriter(RemotePlugin):
    kind = sdk.StageKind.QUERY

    async def rewrite(self, query: sdk.Query, ctx: sdk.Context) -> sdk.Query:
        def check(result: sdk.Query, _: Broker) -> sdk.Query:
            return border.check_query(result, query)

        return cast(sdk.Query, await self._call("rewrite", (query,), ctx, check))


class RemoteRetriever(RemotePlugin):
    kind = sdk.StageKind.RETRIEVER

    async def retrieve(self, query: sdk.Query, ctx: sdk.Context) -> tuple[sdk.Passage, ...]:
        def check(result: tuple[sdk.Passage, ...], broker: Broker) -> tuple[sdk.Passage, ...]:
            return border.check_known_passages(result, broker.found.values())

        return cast(tuple[sdk.Passage, ...], await self._call("retrieve", (query,), ctx, check))


class RemoteReranker(RemotePlugin):
    kind = sdk.StageKind.RERANKER

    async def rerank(
        self, query: sdk.Query, passages: tuple[sdk.Passage, ...], ctx: sdk.Context
    ) -> tuple[sdk.Passage, ...]:
        def check(result: tuple[sdk.Passage, ...], _: Broker) -> tuple[sdk.Passage, ...]:
            return border.check_known_passages(result, passages)

        return cast(
            tuple[sdk.Passage, ...], await self._call("rerank", (query, passages), ctx, check)
        )


class RemotePrompt(RemotePlugin):
    kind = sdk.StageKind.PROMPT

    async def build(self, request: sdk.PromptRequest, ctx: sdk.Context) -> sdk.PromptResult:
        def check(result: sdk.PromptResult, _: Broker) -> sdk.PromptResult:
            return border.check_prompt(result, request)

        return cast(sdk.PromptResult, await self._call("build", (request,), ctx, check))


class RemoteGuard(RemotePlugin):
    kind = sdk.StageKind.GUARD

    @property
    def points(self) -> tuple[sdk.GuardPoint, ...]:
        return cast(tuple[sdk.GuardPoint, ...], self._attribute("points"))

    async def check(self, request: sdk.GuardRequest, ctx: sdk.Context) -> sdk.GuardVerdict:
        def judge(result: sdk.GuardVerdict, _: Broker) -> sdk.GuardVerdict:
            return border.check_verdict(result, request)

        return cast(sdk.GuardVerdict, await self._call("check", (request,), ctx, judge))


class RemoteGenerator(RemotePlugin):
    kind = sdk.StageKind.GENERATOR

    async def generate(
        self, request: sdk.GenerationRequest, ctx: sdk.Context
    ) -> AsyncIterator[sdk.GenerationEvent]:
        call = self._to("generate", (request,), lambda event, _: border.check_event(event))
        async with self.installed.child(self.kind) as child:
            events = self.installed.stream(call, ctx, child=child)
            try:
                async for event, _ in events:
                    yield event
            finally:
                await events.aclose()  # type: ignore[attr-defined]


class RemoteTool(RemotePlugin):
    kind = sdk.StageKind.TOOL

    @property
    def name(self) -> str:
        return cast(str, self._attribute("name"))

    @property
    def description(self) -> str:
        return cast(str, self._attribute("description"))

    @property
    def parameters(self) -> Mapping[str, Any]:
        return cast(Mapping[str, Any], self._attribute("parameters"))

    @property
    def effect(self) -> sdk.ToolEffect:
        return cast(sdk.ToolEffect, self._attribute("effect"))

    @property
    def irreversible(self) -> bool:
        return cast(bool, self._attribute("irreversible"))

    async def call(self, arguments: Mapping[str, Any], ctx: sdk.Context) -> sdk.ToolResult:
        result = await self._call(
            "call", (dict(arguments),), ctx, lambda result, _: border.check_tool_result(result)
        )
        return cast(sdk.ToolResult, result)


class RemoteEvaluator(RemotePlugin):
    kind = sdk.StageKind.EVALUATOR

    async def evaluate(self, example: sdk.ExampleAnswer, ctx: sdk.Context) -> sdk.Evaluation:
        result = await self._call(
            "evaluate", (example,), ctx, lambda result, _: border.check_evaluation(result)
        )
        return cast(sdk.Evaluation, result)


class RemoteEmbedder(RemotePlugin):
    kind = sdk.StageKind.EMBEDDER

    @property
    def model_id(self) -> str:
        return cast(str, self._attribute("model_id"))

    @property
    def dimension(self) -> int:
        return cast(int, self._attribute("dimension"))

    async def embed_passages(self, texts: Sequence[str], ctx: sdk.Context) -> sdk.VectorBatch:
        return await self._embed("embed_passages", tuple(texts), ctx, count=len(texts))

    async def embed_query(self, text: str, ctx: sdk.Context) -> sdk.VectorBatch:
        return await self._embed("embed_query", text, ctx, count=1)

    async def _embed(
        self, method: str, what: Any, ctx: sdk.Context, *, count: int
    ) -> sdk.VectorBatch:
        await self.prepare()

        def check(result: sdk.VectorBatch, _: Broker) -> sdk.VectorBatch:
            return border.check_vectors(result, count=count, dimension=self.dimension)

        return cast(sdk.VectorBatch, await self._call(method, (what,), ctx, check))


class RemoteSplitter(RemotePlugin):
    kind = sdk.StageKind.SPLITTER

    async def split(self, document: sdk.ParsedDocument, ctx: sdk.Context) -> tuple[sdk.Span, ...]:
        def check(result: tuple[sdk.Span, ...], _: Broker) -> tuple[sdk.Span, ...]:
            return border.check_spans(result, document)

        return cast(tuple[sdk.Span, ...], await self._call("split", (document,), ctx, check))


class RemoteParser(RemotePlugin):
    kind = sdk.StageKind.PARSER

    @property
    def media_types(self) -> tuple[str, ...]:
        return cast(tuple[str, ...], self._attribute("media_types"))

    async def parse(self, source: sdk.SourceFile, ctx: sdk.Context) -> sdk.ParsedDocument:
        """The file is copied to where the process can read it, and nowhere else."""
        async with self.installed.child(self.kind) as child:
            placed = await asyncio.to_thread(_place_file, source, child)
            try:
                inside = replace(source, path=Path(child.launched.inbox_inside) / placed.name)
                call = self._to("parse", (inside,), lambda result, _: border.check_document(result))
                document = await self.installed.call(call, ctx, child=child)
            finally:
                placed.unlink(missing_ok=True)
        return cast(sdk.ParsedDocument, document)


class RemoteLoader(RemotePlugin):
    kind = sdk.StageKind.LOADER

    async def load(
        self, reference: Mapping[str, Any], ctx: sdk.Context
    ) -> AsyncIterator[sdk.SourceFile]:
        if self.installed.pool.level is SandboxLevel.LANDLOCK:
            raise NoSandboxError(
                f"The plugin {self.installed.plugin_id} needs a place to write files, which only "
                "bubblewrap can bound. The operator can install it."
            )
        call = self._to("load", (dict(reference),), lambda item, _: item)
        async with self.installed.child(self.kind) as child:
            items = self.installed.stream(call, ctx, child=child)
            try:
                async for item, blob in items:
                    name = border.check_file_name(item.name)
                    yield await asyncio.to_thread(_keep_file, name, item, blob)
            finally:
                await items.aclose()  # type: ignore[attr-defined]


def _place_file(source: sdk.SourceFile, child: SandboxChild) -> Path:
    placed = child.launched.inbox / (uuid4().hex + source.path.suffix[:20])
    shutil.copyfile(source.path, placed)
    placed.chmod(0o444)
    return placed


def _keep_file(name: str, item: LoadedFile, blob: bytes) -> sdk.SourceFile:
    handle, path = tempfile.mkstemp(prefix="altiplano-loaded-")
    with os.fdopen(handle, "wb") as file:
        file.write(blob)
    return sdk.SourceFile(name, item.media_type, Path(path), len(blob))


REMOTE_CLASSES: Mapping[sdk.StageKind, type[RemotePlugin]] = {
    cls.kind: cls
    for cls in (
        RemoteLoader, RemoteParser, RemoteSplitter, RemoteEmbedder, RemoteIndex, RemoteRetriever,
        RemoteReranker, RemoteQueryRewriter, RemotePrompt, RemoteGuard, RemoteGenerator,
        RemoteTool, RemoteEvaluator,
    )
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class SandboxedPlugin:
    """What :class:`~altiplano_worker.runtime.loader.LoadedPlugin` is for a built-in.

    The manifest's grants are what was granted, so that the runner gives no more.
    """

    manifest: sdk.Manifest
    installed: Installed

    def create(self, config: Mapping[str, Any]) -> RemotePlugin:
        """An instance that has not run yet; its configuration is judged when it is prepared."""
        return REMOTE_CLASSES[self.manifest.kind](self.installed, config)

    def config_schema(self) -> dict[str, Any]:
        return dict(self.installed.release.schemas.get(self.manifest.kind, {}))


def sandboxed_plugin(
    release: ReleaseOnDisk,
    kind: sdk.StageKind,
    *,
    pool: SandboxPool,
    organization: str,
    granted: sdk.Grants,
    capabilities: PluginCapabilities | None = None,
) -> SandboxedPlugin:
    """The release's plugin of one kind, for a registry of this organization.

    ``capabilities`` are the installation's own: HTTP to the granted hosts, secrets and storage.
    Raises KeyError for a kind that the release does not provide or that has no sandbox.
    """
    if kind not in REMOTE_CLASSES:
        raise KeyError(kind)
    manifest = release.manifest.for_kind(kind).model_copy(update={"grants": granted})
    installed = Installed(
        release, pool, organization, granted, capabilities or PluginCapabilities()
    )
    return SandboxedPlugin(manifest, installed)
