"""A generation held open for as long as somebody reads it."""

import threading
from collections.abc import Mapping
from types import TracebackType
from typing import Literal, Self

import altiplano_sdk as sdk

Signal = Literal["dense", "lexical"]


class IndexReader:
    """One generation, ready for any number of threads.

    Each :meth:`hold` is answered by one :meth:`close` (a ``with`` block does it); the files
    stay usable until the last one, whatever writers and the garbage collection do meanwhile.
    ``degraded`` is true when the newest generation is damaged and this is the one before it:
    answers may miss the newest documents until the index has been rebuilt.
    """

    def __init__(
        self,
        *,
        generation: int,
        count: int,
        degraded: bool,
        opened: Mapping[str, sdk.OpenIndex],
    ) -> None:
        self.generation = generation
        self.count = count
        self.degraded = degraded
        self._opened = opened
        self._holders = 0
        self._lock = threading.Lock()

    def search(self, signal: Signal, query: sdk.IndexQuery) -> tuple[sdk.IndexHit, ...]:
        """At most ``query.k`` hits of the engine for ``signal``, best first. Blocking.

        An engine's word is not taken for it: an id below 1, an excluded id or a second hit of
        the same chunk never comes through.
        """
        index = self._opened.get(signal)
        if index is None or query.k < 1:
            return ()
        seen: dict[int, sdk.IndexHit] = {}
        for hit in index.search(query):
            if hit.chunk_id > 0 and hit.chunk_id not in query.excluded:
                seen.setdefault(hit.chunk_id, hit)
        return tuple(seen.values())[: query.k]

    def hold(self) -> Self:
        """This reader, kept open until one more :meth:`close`."""
        with self._lock:
            self._holders += 1
        return self

    def close(self) -> None:
        """Give up one hold; the last one closes the engines' files."""
        with self._lock:
            self._holders -= 1
            last = self._holders == 0
        if last:
            for index in self._opened.values():
                index.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()
