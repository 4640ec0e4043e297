"""The plugin class."""

import asyncio
from collections.abc import Coroutine, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict, Field

import altiplano_sdk as sdk
from altiplano_plugins.retriever_hybrid.fusion import Signal, fuse_signals, rank, scale_to_unit
from altiplano_plugins.retriever_hybrid.selection import select_with_cap

_MOST_WORDINGS = 4


class HybridConfig(BaseModel):
    """What is searched, and what is made of it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    mode: sdk.SearchMode = Field(
        default=sdk.SearchMode.HYBRID,
        title="Search by",
        description="Meaning finds what is said in other words, words find names and numbers.",
        json_schema_extra={
            "enum_titles": {"hybrid": "Meaning and words", "dense": "Meaning", "lexical": "Words"}
        },
    )
    k: int = Field(
        default=6,
        ge=1,
        le=100,
        title="Passages",
        description="How many passages are handed on.",
    )
    candidates: int = Field(
        default=100,
        ge=10,
        le=1000,
        title="Candidates per search",
        description="How many passages each search contributes to the fusion.",
    )
    per_document: int = Field(
        default=4,
        ge=1,
        le=100,
        title="Passages per document",
        description="No document gives more than this while others have something to say.",
    )
    lexical_weight: float = Field(
        default=0.5,
        ge=0.0,
        le=1.0,
        title="Weight of words",
        description="0 trusts meaning alone, 1 words alone.",
    )
    neighbour_share: float = Field(
        default=0.4,
        ge=0.0,
        le=2.0,
        title="Support by similar passages",
        description="How much a passage gains when the passages most like it do well too; "
        "0 turns this off.",
    )
    neighbour_pool: int = Field(
        default=15,
        ge=3,
        le=200,
        title="Passages that may support",
        description="How many of the best passages are compared with each other.",
    )


_NEIGHBOURS = 3


class HybridRetriever:
    """Both searches at once, fused; similar passages support each other; a cap per document."""

    manifest: ClassVar[sdk.Manifest] = sdk.Manifest(
        id="hybrid",
        version="1.0.0",
        kind=sdk.StageKind.RETRIEVER,
        title="Hybrid search",
        summary="Finds passages by meaning and by words, and fuses both rankings.",
        grants=sdk.Grants(index_use=True, seconds=30),
    )
    Config: ClassVar[type[BaseModel]] = HybridConfig

    def __init__(self, config: HybridConfig) -> None:
        self._config = config

    async def retrieve(self, query: sdk.Query, ctx: sdk.Context) -> tuple[sdk.Passage, ...]:
        """The best passages for the question and its other wordings.

        In a single mode ``score`` is that signal's own; in hybrid mode it lies between 0 and 1
        and compares passages of this answer only.
        """
        if ctx.index is None:
            raise sdk.PermanentError(
                "The retriever was not granted the use of the index.", code="not_granted"
            )
        wordings = list(dict.fromkeys((query.text, *query.variants)))[:_MOST_WORDINGS]
        modes = self._modes()
        searches = [(wording, mode) for wording in wordings for mode in modes]
        results = await _all_or_first_error(
            ctx.index.search(wording, mode=mode, k=self._depth()) for wording, mode in searches
        )
        found = dict(zip(searches, results, strict=True))
        passages = _merge(found)
        scores = self._score(found, passages)
        chosen = select_with_cap(
            rank(scores),
            k=self._config.k,
            cap=self._config.per_document,
            group=lambda chunk: passages[chunk].document_id,
        )
        return tuple(replace(passages[chunk], score=scores[chunk]) for chunk in chosen)

    def _modes(self) -> tuple[sdk.SearchMode, ...]:
        if self._config.mode is sdk.SearchMode.HYBRID:
            return (sdk.SearchMode.DENSE, sdk.SearchMode.LEXICAL)
        return (self._config.mode,)

    def _depth(self) -> int:
        return max(self._config.candidates, self._config.k)

    def _score(
        self,
        found: Mapping[tuple[str, sdk.SearchMode], Sequence[sdk.Passage]],
        passages: Mapping[int, sdk.Passage],
    ) -> dict[int, float]:
        if self._config.mode is not sdk.SearchMode.HYBRID:
            return {chunk: passage.score for chunk, passage in passages.items()}
        fused = scale_to_unit(
            fuse_signals([self._signal(mode, result) for (_, mode), result in found.items()])
        )
        share = self._config.neighbour_share
        pool = rank(fused)[: self._config.neighbour_pool]
        # Imported late: a process that only lists plugins needs no numpy.
        from altiplano_plugins.retriever_hybrid.neighbours import share_scores

        shared = share_scores(
            {chunk: fused[chunk] for chunk in pool},
            {chunk: passages[chunk].text for chunk in pool},
            share=share,
            neighbours=_NEIGHBOURS,
        )
        # Outside the pool nobody vouches, which keeps the rest below every passage in it.
        return {chunk: score / (1.0 + share) for chunk, score in fused.items()} | shared

    def _signal(self, mode: sdk.SearchMode, result: Sequence[sdk.Passage]) -> Signal:
        if mode is sdk.SearchMode.LEXICAL:
            words = {p.chunk_id: _own(p.lexical_score, p) for p in result}
            # Fewer than asked for means that all others share no word with the question.
            floor = 0.0 if len(result) < self._depth() else None
            return Signal(words, self._config.lexical_weight, floor)
        meaning = {p.chunk_id: _own(p.dense_score, p) for p in result}
        return Signal(meaning, 1.0 - self._config.lexical_weight)


async def _all_or_first_error(
    calls: Iterable[Coroutine[Any, Any, tuple[sdk.Passage, ...]]],
) -> list[tuple[sdk.Passage, ...]]:
    """The results in order; when a call fails the others are cancelled and its error raised.

    The error comes alone, not in a group: the runner tells errors apart by their type.
    """
    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(call) for call in calls]
    except ExceptionGroup as failed:
        raise failed.exceptions[0] from failed
    return [task.result() for task in tasks]


def _merge(
    found: Mapping[tuple[str, sdk.SearchMode], Sequence[sdk.Passage]],
) -> dict[int, sdk.Passage]:
    """Every passage once, with the best score that each signal gave it."""
    merged: dict[int, sdk.Passage] = {}
    for result in found.values():
        for passage in result:
            known = merged.get(passage.chunk_id)
            if known is None:
                merged[passage.chunk_id] = passage
                continue
            merged[passage.chunk_id] = replace(
                known,
                score=max(known.score, passage.score),
                dense_score=_higher(known.dense_score, passage.dense_score),
                lexical_score=_higher(known.lexical_score, passage.lexical_score),
            )
    return merged


def _own(score: float | None, passage: sdk.Passage) -> float:
    """The signal's score; an index that ranks by one signal may give it as the score alone."""
    return passage.score if score is None else score


def _higher(one: float | None, other: float | None) -> float | None:
    if one is None or other is None:
        return other if one is None else one
    return max(one, other)
