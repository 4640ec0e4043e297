"""Indexes that live in this process: written, opened and searched here, spoken to from outside.

The contract of an index is a directory. Here it lies in the process's own folder, which goes with
the process: whoever fills an index keeps the truth elsewhere and can fill it again.
"""

from __future__ import annotations

import asyncio
import errno
import itertools
import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from altiplano_sdk.contracts.retrieval import (
    Index,
    IndexBatch,
    IndexHit,
    IndexQuery,
    OpenIndex,
    VectorBatch,
)
from altiplano_sdk.errors import BudgetExceededError, PermanentError
from altiplano_sdk.wire.methods import IndexPart, IndexQuestion

COMPACT_AFTER: Final = 8
"""Additions after which the next opening rewrites the directory in as few files as sensible."""

_NO_ROOM: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


@dataclass(slots=True)
class _Held:
    """``written`` is ahead of ``opened`` until it is opened, too; searches see ``opened`` alone."""

    place: Path
    written: Path | None = None
    opened: OpenIndex | None = None
    read_from: Path | None = None
    step: int = 0
    additions: int = 0
    removed: set[int] = field(default_factory=set)
    excluded: frozenset[int] = frozenset()
    changing: asyncio.Lock = field(default_factory=asyncio.Lock)


class HeldIndexes:
    """All indexes of one configured plugin, by a name that the platform gives each.

    Every method works on the plugin in a thread, as its contract says. The context comes last and
    is not used: an index has none.
    """

    def __init__(self, plugin: Index, directory: Path) -> None:
        self._plugin = plugin
        self._directory = directory.absolute()
        self._numbers = itertools.count(1)
        self._held: dict[str, _Held] = {}

    async def add(self, name: str, part: IndexPart, vectors: bytes, _: Any) -> int:
        """The part is written, and found once :meth:`open` was called; returns how many it has."""
        width = part.dimension * 4
        batch = IndexBatch(
            part.ids,
            part.texts,
            part.languages,
            VectorBatch(part.dimension, len(vectors) // width if width else 0, vectors),
        )
        held = self._of(name)
        async with held.changing:
            await self._write(held, lambda target: self._plugin.extend(held.written, target, batch))
            held.additions += 1
        return len(part.ids)

    async def remove(self, name: str, ids: tuple[int, ...], _: Any) -> None:
        """The ids are gone for good with the next :meth:`open`."""
        held = self._of(name)
        async with held.changing:
            held.removed.update(ids)

    async def exclude(self, name: str, ids: tuple[int, ...], _: Any) -> None:
        """The ids are not found any more, from the next search on."""
        held = self._of(name)
        held.excluded |= frozenset(ids)

    async def open(self, name: str, _: Any) -> int:
        """Searches see what was written; returns how many passages that are."""
        held = self._of(name)
        async with held.changing:
            if held.written is None:
                return 0
            if held.removed or held.additions > COMPACT_AFTER:
                before, removed = held.written, frozenset(held.removed)
                await self._write(
                    held, lambda target: self._plugin.compact(before, target, removed)
                )
                held.excluded -= removed
                held.removed.clear()
                held.additions = 0
            written = held.written
            if written != held.read_from:
                opened = await asyncio.to_thread(self._plugin.open, written)
                earlier, place = held.opened, held.read_from
                held.opened, held.read_from = opened, written
                if earlier is not None:
                    await asyncio.to_thread(earlier.close)
                await _forget(place)
            return 0 if held.opened is None else held.opened.count

    async def search(
        self, name: str, question: IndexQuestion, vector: bytes, _: Any
    ) -> tuple[IndexHit, ...]:
        """What the plugin finds. Raises PermanentError for an index that was never opened."""
        held = self._held.get(name)
        if held is None or held.opened is None:
            raise PermanentError("There is no such index here.", code="index_not_held")
        query = IndexQuery(
            question.text,
            VectorBatch(question.dimension, 1, vector) if vector else None,
            question.k,
            held.excluded,
        )
        return await asyncio.to_thread(held.opened.search, query)

    async def drop(self, name: str, _: Any) -> None:
        """Nothing of the index is left, in memory or in the folder."""
        held = self._held.pop(name, None)
        if held is not None:
            async with held.changing:
                if held.opened is not None:
                    await asyncio.to_thread(held.opened.close)
                await _forget(held.place)

    def _of(self, name: str) -> _Held:
        if name not in self._held:
            # Names are the platform's; numbers make folders that no file system minds.
            self._held[name] = _Held(self._directory / str(next(self._numbers)))
        return self._held[name]

    async def _write(self, held: _Held, write: Callable[[Path], None]) -> None:
        """``held.written`` is what ``write`` made; unchanged, with nothing left, when that raises."""
        held.step += 1
        target = held.place / str(held.step)
        target.mkdir(parents=True)
        try:
            await asyncio.to_thread(write, target)
        except OSError as error:
            await _forget(target)
            if error.errno in _NO_ROOM:
                raise BudgetExceededError(
                    "The index needs more room for its files than it was granted memory.",
                    code="index_too_large",
                ) from None
            raise
        except BaseException:
            await _forget(target)
            raise
        before, held.written = held.written, target
        if before != held.read_from:
            await _forget(before)


async def _forget(place: Path | None) -> None:
    if place is not None:
        await asyncio.to_thread(shutil.rmtree, place, ignore_errors=True)
