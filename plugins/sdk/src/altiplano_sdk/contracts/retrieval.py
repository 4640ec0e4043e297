"""From text to ranked passages: embedder, index, query, retriever, reranker."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Literal, Protocol, runtime_checkable

from altiplano_sdk.contracts.context import Context
from altiplano_sdk.contracts.generation import ChatMessage


class SearchMode(StrEnum):
    HYBRID = "hybrid"
    DENSE = "dense"
    LEXICAL = "lexical"


@dataclass(frozen=True, slots=True)
class VectorBatch:
    """``count`` vectors of ``dimension`` float32 values, little-endian, row after row.

    Bytes rather than a numpy array so that the SDK needs no numpy;
    ``numpy.frombuffer(data, "<f4").reshape(count, dimension)`` costs no copy.
    Every vector is finite and of unit length.
    """

    dimension: int
    count: int
    data: bytes

    def __post_init__(self) -> None:
        expected = self.dimension * self.count * 4
        if len(self.data) != expected:
            raise ValueError(f"expected {expected} bytes for the vectors, got {len(self.data)}")


@runtime_checkable
class Embedder(Protocol):
    """Turns texts into vectors. ``model_id`` changes whenever vectors stop being comparable.

    Any text has a vector, the empty one too; a text beyond what the model reads is cut.
    """

    model_id: str
    dimension: int

    async def embed_passages(self, texts: Sequence[str], ctx: Context) -> VectorBatch:
        """One unit vector of ``dimension`` values per text, in their order; none for no text.

        What else is in the batch changes no vector beyond the last digits of a float.
        """
        ...

    async def embed_query(self, text: str, ctx: Context) -> VectorBatch:
        """One unit vector, comparable by cosine with those of passages."""
        ...


@dataclass(frozen=True, slots=True)
class IndexBatch:
    """Chunks to add. The four sequences run in parallel; ids are positive and unique."""

    ids: tuple[int, ...]
    texts: tuple[str, ...]
    languages: tuple[str, ...]
    vectors: VectorBatch


@dataclass(frozen=True, slots=True)
class IndexQuery:
    """One question to an index. ``excluded`` ids never come back; ``k`` is at least 1."""

    text: str
    vector: VectorBatch | None
    k: int
    excluded: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class IndexHit:
    """``chunk_id`` was given at build time and is never negative; a higher score is better."""

    chunk_id: int
    score: float


class OpenIndex(Protocol):
    """One immutable generation, ready to be searched by many callers at once."""

    @property
    def count(self) -> int: ...

    def search(self, query: IndexQuery) -> tuple[IndexHit, ...]:
        """At most ``k`` hits, best first. Blocking and thread-safe; callers use a thread."""
        ...

    def close(self) -> None: ...


@runtime_checkable
class Index(Protocol):
    """Writes and opens index directories. A directory once written is never changed.

    ``extend`` makes ``target`` hold all of ``previous`` (hard links are welcome: files are
    immutable) and the batch. ``compact`` makes ``target`` hold ``previous`` without
    ``removed``, in as few files as sensible. Both flush their files to disk before they return;
    the caller owns directories, checksums and the manifest. Blocking; called in a thread.

    Ids below 1, ids that are held already, and vectors of another dimension or without a direction
    are refused with :class:`~altiplano_sdk.errors.PermanentError`; nothing of the batch is kept.
    """

    signal: Literal["dense", "lexical"]

    def extend(self, previous: Path | None, target: Path, batch: IndexBatch) -> None: ...

    def compact(self, previous: Path, target: Path, removed: frozenset[int]) -> None: ...

    def open(self, directory: Path) -> OpenIndex: ...


@dataclass(frozen=True, slots=True)
class Query:
    """What to look for. ``text`` is what the person asked; ``variants`` are other wordings."""

    text: str
    language: str | None = None
    history: tuple[ChatMessage, ...] = ()
    variants: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Passage:
    """A chunk as retrieved in one run.

    ``start`` and ``end`` are offsets in the document's extracted text. ``dense_score`` is the
    cosine of question and chunk, ``lexical_score`` its BM25 score; None where that signal did
    not return the chunk. ``score`` is what the list is sorted by, best first.
    """

    chunk_id: int
    document_id: str
    document_name: str
    page: int
    start: int
    end: int
    text: str
    language: str
    score: float
    dense_score: float | None = None
    lexical_score: float | None = None


@runtime_checkable
class QueryRewriter(Protocol):
    """Finds other wordings to search for. The question itself stays the person's."""

    async def rewrite(self, query: Query, ctx: Context) -> Query:
        """``query`` with up to eight more ``variants``; text and history as they were.

        Without anything better to say, the query itself. An error ends the run, so a rewriter that
        cannot reach its model returns the query.
        """
        ...


@runtime_checkable
class Retriever(Protocol):
    """Finds passages through ``ctx.index``; best first, no chunk twice."""

    async def retrieve(self, query: Query, ctx: Context) -> tuple[Passage, ...]:
        """The index's own passages with falling scores; empty when nothing was found.

        Only ``score`` may differ from what the index gave: citations rest on the offsets, and
        guards read ``dense_score`` and ``lexical_score``. Raises PermanentError (``not_granted``)
        without an index.
        """
        ...


@runtime_checkable
class Reranker(Protocol):
    """Returns a reordered subset of what it was given; never a passage it was not given."""

    async def rerank(
        self, query: Query, passages: tuple[Passage, ...], ctx: Context
    ) -> tuple[Passage, ...]:
        """Some or all of ``passages``, best first by ``score``, in which alone they may differ."""
        ...


@dataclass(frozen=True, slots=True)
class RetrievalFilter:
    """Restricts a search to some documents; empty means all that the app may see."""

    document_ids: frozenset[str] = field(default_factory=frozenset)
    languages: frozenset[str] = field(default_factory=frozenset)
