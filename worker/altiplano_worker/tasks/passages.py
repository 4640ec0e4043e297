"""The PassageIndex capability: from index hits to passages that this organization may see.

An index file is only a hint. Every hit is looked up in the database within the organization, and
must be a chunk of a ready, active version in the very collection whose index named it; whatever is
not is refused.
"""

import asyncio
import uuid
from collections.abc import Iterable, Mapping
from types import TracebackType
from typing import Final, Self, cast

import structlog

import altiplano_sdk as sdk
from altiplano.kernel.database_threads import read_database
from altiplano.knowledge import queries
from altiplano.knowledge.queries import PassageRow
from altiplano_worker.runtime.context import CollectionEmbedder
from altiplano_worker.runtime.index_reader import Signal
from altiplano_worker.tasks.open_collections import OpenCollection, open_collections

log = structlog.get_logger(__name__)

WIDEN: Final = 4
"""How much further a search looks when too few of its hits may be shown."""

READ_WHOLE: Final = 200
"""Chunks of a collection that is read at once when it is opened: nearly all would be hits, and
the database answers while the question is still being embedded."""

EVERYTHING: Final = sdk.RetrievalFilter()


class CollectionPassages:
    """Search in some collections of one organization, at the generations found first.

    For one request, on one event loop; close it at the end, or use it in an ``async with`` block.
    ``where`` restricts every search.
    """

    def __init__(
        self,
        organization_id: uuid.UUID,
        collection_ids: Iterable[uuid.UUID],
        *,
        where: sdk.RetrievalFilter = EVERYTHING,
    ) -> None:
        self._organization_id = organization_id
        self._collection_ids = frozenset(collection_ids)
        self._where = where
        self._opened: list[OpenCollection] | None = None
        self._rows: dict[uuid.UUID, dict[int, PassageRow | None]] = {}
        self._lock = asyncio.Lock()

    @property
    def generations(self) -> Mapping[str, int]:
        """By collection id, what this request searches in; empty before the first search."""
        return {str(each.collection.id): each.reader.generation for each in self._opened or ()}

    @property
    def embedders(self) -> tuple[CollectionEmbedder, ...]:
        """Of the collections searched in; empty before the first search."""
        return tuple(each.embedder for each in self._opened or ())

    async def open(self) -> Self:
        """The generations are fixed from now on. Searching does this itself; done before, its
        errors come alone and not among those of other searches. Raises IndexUnavailableError.
        """
        await self._collections()
        return self

    async def search(
        self,
        text: str,
        *,
        mode: sdk.SearchMode,
        k: int,
        where: sdk.RetrievalFilter | None = None,
    ) -> tuple[sdk.Passage, ...]:
        """At most ``k`` passages for one signal, best first. Raises IndexUnavailableError."""
        if mode is sdk.SearchMode.HYBRID:
            raise sdk.PermanentError("An index answers for one signal; fusion is the retriever's.")
        if k < 1 or not text.strip():
            return ()
        opened = await self._collections()
        condition = _both(self._where, where or EVERYTHING)
        found = await asyncio.gather(
            *(self._search_one(each, text, mode, k, condition) for each in opened)
        )
        merged = [passage for passages in found for passage in passages]
        merged.sort(key=lambda passage: (-passage.score, passage.chunk_id))
        return tuple(merged[:k])

    async def close(self) -> None:
        """The files of this request's generations may go."""
        opened, self._opened = self._opened, None
        for each in opened or ():
            each.reader.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()

    async def _collections(self) -> list[OpenCollection]:
        async with self._lock:
            if self._opened is None:
                self._opened = await open_collections(self._organization_id, self._collection_ids)
                small = [each for each in self._opened if each.reader.count <= READ_WHOLE]
                if small:
                    await self._read_whole(frozenset(each.collection.id for each in small))
            return self._opened

    async def _read_whole(self, collection_ids: frozenset[uuid.UUID]) -> None:
        limit = READ_WHOLE * len(collection_ids)
        rows = await read_database(
            lambda: queries.all_passage_rows(self._organization_id, collection_ids, limit=limit)
        )
        for row in rows.values():
            self._rows.setdefault(row.collection_id, {})[row.chunk_id] = row

    async def _search_one(
        self,
        opened: OpenCollection,
        text: str,
        mode: sdk.SearchMode,
        k: int,
        where: sdk.RetrievalFilter,
    ) -> list[sdk.Passage]:
        """Asks for more until ``k`` hits may be shown or the index has no more."""
        vector = None
        if mode is sdk.SearchMode.DENSE:
            vector = await opened.embedder.embed_query(text)
        signal = cast(Signal, mode.value)
        asked = k if where == EVERYTHING else min(k * WIDEN, max(opened.reader.count, 1))
        while True:
            query = sdk.IndexQuery(text=text, vector=vector, k=asked, excluded=opened.excluded)
            hits = await opened.search(signal, query)
            rows = await self._look_up(opened, hits)
            passages = [
                _passage(row, hit, mode)
                for hit in hits
                if (row := rows.get(hit.chunk_id)) is not None and _is_wanted(row, where)
            ]
            is_exhausted = len(hits) < asked or asked >= opened.reader.count
            if len(passages) >= k or is_exhausted:
                return passages[:k]
            asked = min(asked * WIDEN, opened.reader.count)

    async def _look_up(
        self, opened: OpenCollection, hits: tuple[sdk.IndexHit, ...]
    ) -> Mapping[int, PassageRow | None]:
        """Of the chunks that may be shown; each is looked up once per request."""
        collection_id = opened.collection.id
        known = self._rows.setdefault(collection_id, {})
        unknown = [hit.chunk_id for hit in hits if hit.chunk_id not in known]
        if unknown:
            rows = await read_database(
                lambda: queries.passage_rows(
                    self._organization_id, frozenset({collection_id}), unknown
                )
            )
            known.update({chunk_id: rows.get(chunk_id) for chunk_id in unknown})
            if len(rows) < len(unknown):
                refused = sorted(set(unknown) - rows.keys())[:20]
                log.info("passages.refused", collection=str(collection_id), chunks=refused)
        return known


def _passage(row: PassageRow, hit: sdk.IndexHit, mode: sdk.SearchMode) -> sdk.Passage:
    return sdk.Passage(
        chunk_id=row.chunk_id,
        document_id=str(row.document_id),
        document_name=row.document_name,
        page=row.page,
        start=row.start,
        end=row.end,
        text=row.text,
        language=row.language,
        score=hit.score,
        dense_score=hit.score if mode is sdk.SearchMode.DENSE else None,
        lexical_score=hit.score if mode is sdk.SearchMode.LEXICAL else None,
    )


def _both(first: sdk.RetrievalFilter, second: sdk.RetrievalFilter) -> sdk.RetrievalFilter:
    """What both let through. Two that exclude each other let nothing through."""
    return sdk.RetrievalFilter(
        document_ids=_meet(first.document_ids, second.document_ids),
        languages=_meet(first.languages, second.languages),
    )


def _meet(first: frozenset[str], second: frozenset[str]) -> frozenset[str]:
    if not first or not second:
        return first or second
    return first & second or frozenset({""})  # an id and a language that nothing has


def _is_wanted(row: PassageRow, where: sdk.RetrievalFilter) -> bool:
    return (not where.document_ids or str(row.document_id) in where.document_ids) and (
        not where.languages or row.language in where.languages
    )
