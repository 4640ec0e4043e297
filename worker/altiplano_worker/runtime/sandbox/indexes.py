"""An index from outside: filled from here, searched there, and empty again with each new process."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Iterable
from typing import Any, Final, Literal, cast

import altiplano_sdk as sdk
from altiplano_sdk.wire import IndexPart, IndexQuestion
from altiplano_worker.runtime.sandbox import border
from altiplano_worker.runtime.sandbox.broker import Broker
from altiplano_worker.runtime.sandbox.child import SandboxChild
from altiplano_worker.runtime.sandbox.exchange import BadAnswerError
from altiplano_worker.runtime.sandbox.installed import Call
from altiplano_worker.runtime.sandbox.remote import RemotePlugin

IDS_AT_ONCE: Final = 50_000


class IndexGoneError(Exception):
    """The process that held the index has ended: fill it again."""


class RemoteIndex(RemotePlugin):
    """An index plugin. It has no context, so nothing of the platform is offered to it."""

    kind = sdk.StageKind.INDEX

    @property
    def signal(self) -> Literal["dense", "lexical"]:
        return cast('Literal["dense", "lexical"]', self._attribute("signal"))

    def hold(self, name: str, context: sdk.Context) -> HeldIndex:
        """An empty index called ``name``, which no other of this plugin and organization is."""
        return HeldIndex(self, name, sdk.Context(log=context.log))


class HeldIndex:
    """One index in one process of a plugin; ``ids`` are what it was given and not told to remove.

    One caller changes it at a time; any number search meanwhile, in what was there before. When a
    change fails, the index is not to be used any more.
    """

    def __init__(self, plugin: RemoteIndex, name: str, context: sdk.Context) -> None:
        self.ids: frozenset[int] = frozenset()
        self._plugin = plugin
        self._name = name
        self._context = context
        self._child: SandboxChild | None = None
        self._excluded: frozenset[int] = frozenset()

    @property
    def is_alive(self) -> bool:
        """False once its process has ended; nothing was lost that was not elsewhere."""
        return self._child is None or self._child.lost is None

    @property
    def signal(self) -> Literal["dense", "lexical"]:
        return self._plugin.signal

    async def change(
        self, added: AsyncIterator[sdk.IndexBatch], removed: Collection[int] = frozenset()
    ) -> None:
        """All of ``added`` is found from now on, and nothing of ``removed``.

        Raises IndexGoneError, what the plugin raised, and PluginFailedError for one that does not
        hold what it was given.
        """
        ids = self.ids - frozenset(removed)
        for part in _parts(removed):
            await self._ask("remove", (part,))
        async for batch in added:
            part_of = IndexPart(batch.ids, batch.texts, batch.languages, batch.vectors.dimension)
            await self._ask("add", (part_of,), blob=batch.vectors.data)
            ids |= frozenset(batch.ids)
        if not ids:
            await self._ask("drop", ())
        else:

            def check(count: int, _: Broker) -> None:
                if count != len(ids):
                    raise BadAnswerError(f"{count} passages in an index that was given {len(ids)}")

            await self._ask("open", (), check=check)
        self.ids = ids

    async def search(self, query: sdk.IndexQuery) -> tuple[sdk.IndexHit, ...]:
        """At most ``k`` hits, best first, on passages that the index was given and may show.

        Raises as :meth:`change` does.
        """
        if not self.ids or query.k < 1:
            return ()
        await self._exclude(query.excluded)
        vector = query.vector
        question = IndexQuestion(query.text, query.k, vector.dimension if vector else 0)

        def check(hits: tuple[sdk.IndexHit, ...], _: Broker) -> tuple[sdk.IndexHit, ...]:
            known = border.check_hits(hits, k=query.k, held=self.ids, signal=self.signal)
            return tuple(hit for hit in known if hit.chunk_id not in query.excluded)

        blob = vector.data if vector else b""
        return cast(
            tuple[sdk.IndexHit, ...], await self._ask("search", (question,), blob=blob, check=check)
        )

    async def drop(self) -> None:
        """The other process keeps nothing of it."""
        if self._child is not None and self.is_alive:
            await self._ask("drop", ())

    async def _exclude(self, excluded: frozenset[int]) -> None:
        """The other process is told once of each passage that must not be found any more."""
        new = excluded - self._excluded & self.ids
        for part in _parts(new):
            await self._ask("exclude", (part,))
        self._excluded |= new

    async def _ask(
        self,
        method: str,
        arguments: tuple[Any, ...],
        *,
        blob: bytes = b"",
        check: Any = lambda result, _: result,
    ) -> Any:
        await self._plugin.prepare()
        installed = self._plugin.installed
        async with installed.child(self._plugin.kind) as child:
            if self._child is None:
                self._child = child
            elif self._child is not child:
                raise IndexGoneError
            call = Call(
                self._plugin.kind,
                self._plugin.config,
                method,
                (self._name, *arguments),
                check,
                blob,
            )
            return await installed.call(call, self._context, child=child)


def _parts(ids: Iterable[int]) -> Iterable[tuple[int, ...]]:
    ordered = sorted(ids)
    return (
        tuple(ordered[start : start + IDS_AT_ONCE]) for start in range(0, len(ordered), IDS_AT_ONCE)
    )
