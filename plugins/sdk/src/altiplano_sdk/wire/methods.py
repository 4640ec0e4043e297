"""Every call that crosses the border of a process, with the types of what crosses with it.

The context argument, which every method has, is missing here on purpose: it never travels. The
plugin gets a context of its own, whose capabilities ask back (:data:`BROKER`).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

from altiplano_sdk.contracts.context import HttpResponse
from altiplano_sdk.contracts.documents import ParsedDocument, SourceFile, Span
from altiplano_sdk.contracts.generation import (
    Evaluation,
    ExampleAnswer,
    GenerationEvent,
    GenerationRequest,
    GuardPoint,
    GuardRequest,
    GuardVerdict,
    PromptRequest,
    PromptResult,
    ToolEffect,
    ToolResult,
)
from altiplano_sdk.contracts.kinds import StageKind
from altiplano_sdk.contracts.retrieval import (
    IndexHit,
    Passage,
    Query,
    RetrievalFilter,
    SearchMode,
    VectorBatch,
)


@dataclass(frozen=True, slots=True)
class LoadedFile:
    """A :class:`~altiplano_sdk.SourceFile` on its way out; its bytes are the frame's blob."""

    name: str
    media_type: str


@dataclass(frozen=True, slots=True)
class IndexPart:
    """An :class:`~altiplano_sdk.IndexBatch` on its way in; its vectors are the frame's blob."""

    ids: tuple[int, ...]
    texts: tuple[str, ...]
    languages: tuple[str, ...]
    dimension: int


@dataclass(frozen=True, slots=True)
class IndexQuestion:
    """An :class:`~altiplano_sdk.IndexQuery` on its way in; its vector, if any, is the blob."""

    text: str
    k: int
    dimension: int


@dataclass(frozen=True, slots=True)
class MethodSpec:
    """``arguments`` are positional, without the context; ``result`` is each item of a stream.

    A method that ``attaches`` gets the blob of its frame as one argument more, as bytes.
    """

    arguments: tuple[Any, ...]
    result: Any
    streams: bool = False
    attaches: bool = False


_TEXTS: Final = tuple[str, ...]
_PASSAGES: Final = tuple[Passage, ...]
_IDS: Final = tuple[int, ...]

METHODS: Final[Mapping[StageKind, Mapping[str, MethodSpec]]] = {
    StageKind.LOADER: {"load": MethodSpec((Mapping[str, Any],), LoadedFile, streams=True)},
    StageKind.PARSER: {"parse": MethodSpec((SourceFile,), ParsedDocument)},
    StageKind.SPLITTER: {"split": MethodSpec((ParsedDocument,), tuple[Span, ...])},
    StageKind.EMBEDDER: {
        "embed_passages": MethodSpec((_TEXTS,), VectorBatch),
        "embed_query": MethodSpec((str,), VectorBatch),
    },
    StageKind.INDEX: {
        "add": MethodSpec((str, IndexPart), int, attaches=True),
        "remove": MethodSpec((str, _IDS), None),
        "exclude": MethodSpec((str, _IDS), None),
        "open": MethodSpec((str,), int),
        "search": MethodSpec((str, IndexQuestion), tuple[IndexHit, ...], attaches=True),
        "drop": MethodSpec((str,), None),
    },
    StageKind.RETRIEVER: {"retrieve": MethodSpec((Query,), _PASSAGES)},
    StageKind.RERANKER: {"rerank": MethodSpec((Query, _PASSAGES), _PASSAGES)},
    StageKind.QUERY: {"rewrite": MethodSpec((Query,), Query)},
    StageKind.PROMPT: {"build": MethodSpec((PromptRequest,), PromptResult)},
    StageKind.GUARD: {"check": MethodSpec((GuardRequest,), GuardVerdict)},
    StageKind.GENERATOR: {
        "generate": MethodSpec((GenerationRequest,), GenerationEvent, streams=True)
    },
    StageKind.TOOL: {"call": MethodSpec((Mapping[str, Any],), ToolResult)},
    StageKind.EVALUATOR: {"evaluate": MethodSpec((ExampleAnswer,), Evaluation)},
}
"""By kind. An index is a directory and an opened object, neither of which travels: what crosses are
the words to an index that the other process holds under a name (``sandbox_child.held_indexes``)."""

ATTRIBUTES: Final[Mapping[StageKind, Mapping[str, Any]]] = {
    StageKind.PARSER: {"media_types": _TEXTS},
    StageKind.EMBEDDER: {"model_id": str, "dimension": int},
    StageKind.INDEX: {"signal": Literal["dense", "lexical"]},
    StageKind.GUARD: {"points": tuple[GuardPoint, ...]},
    StageKind.TOOL: {
        "name": str,
        "description": str,
        "parameters": Mapping[str, Any],
        "effect": ToolEffect,
        "irreversible": bool,
    },
}
"""What a configured plugin says of itself, by kind; the other kinds say nothing."""

UNSAID: Final[Mapping[str, Any]] = {"effect": ToolEffect.READ, "irreversible": False}
"""What holds where a plugin says nothing of it."""

BROKER: Final[Mapping[str, MethodSpec]] = {
    "llm.stream": MethodSpec((GenerationRequest,), GenerationEvent, streams=True),
    "embed.embed_query": MethodSpec((str,), VectorBatch),
    "embed.embed_passages": MethodSpec((_TEXTS,), VectorBatch),
    "index.search": MethodSpec((str, SearchMode, int, RetrievalFilter | None), _PASSAGES),
    "http.request": MethodSpec((str, str, Mapping[str, str], bytes), HttpResponse),
    "http.post_json": MethodSpec((str, Mapping[str, Any], Mapping[str, str]), Mapping[str, Any]),
    "store.get": MethodSpec((str,), bytes | None),
    "store.put": MethodSpec((str, bytes), None),
    "store.delete": MethodSpec((str,), None),
    "store.keys": MethodSpec((str,), _TEXTS),
}
"""What a plugin may ask the platform for, if it was granted."""
