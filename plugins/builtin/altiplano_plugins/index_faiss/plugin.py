"""The plugin class: configuration, and the three verbs of the Index contract."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Literal
from weakref import WeakValueDictionary

from pydantic import BaseModel, ConfigDict, Field

import altiplano_sdk as sdk

if TYPE_CHECKING:
    from altiplano_plugins.index_faiss.opened import OpenFaissIndex, OpenSegment

FileIdentity = tuple[int, int, int, int]


class FaissConfig(BaseModel):
    """Where exact search ends, and how hard the quantized search looks."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    flat_limit: int = Field(
        default=50_000,
        ge=256,
        le=1_000_000,
        title="Exact search up to",
        description="Vectors in one segment above which compaction quantizes them.",
    )
    probe_share: float = Field(
        default=0.5,
        gt=0.0,
        le=1.0,
        title="Share of clusters searched",
        description="More finds more of the true neighbours and takes longer.",
    )
    candidates: int = Field(
        default=400,
        ge=10,
        le=20_000,
        title="Candidates compared exactly",
        description="Best quantized matches that are compared again with their full vectors.",
    )


class FaissIndex:
    """Vectors in immutable segments: exact while small, quantized and re-ranked when large.

    A batch becomes one flat segment; the files before it are hard-linked. Eight flat segments
    of one size class merge into one, so a search over many ingests touches few of them.
    Compaction quantizes what exceeds ``flat_limit``.
    """

    manifest: ClassVar[sdk.Manifest] = sdk.Manifest(
        id="faiss",
        version="1.0.0",
        kind=sdk.StageKind.INDEX,
        title="FAISS",
        summary="Finds passages of similar meaning by their vectors; exact up to a size, then "
        "quantized with exact comparison of the best.",
    )
    Config: ClassVar[type[BaseModel]] = FaissConfig
    signal: Literal["dense", "lexical"] = "dense"

    def __init__(self, config: FaissConfig) -> None:
        self._config = config
        # Generations share their files, so they share what was loaded from them too.
        self._opened: WeakValueDictionary[FileIdentity, OpenSegment] = WeakValueDictionary()

    def extend(self, previous: Path | None, target: Path, batch: sdk.IndexBatch) -> None:
        """Write ``previous`` and ``batch`` to ``target``.

        Raises PermanentError when the batch holds a vector or id that could not be searched
        later, and writes nothing then.
        """
        from altiplano_plugins.index_faiss.writing import extend_segments

        extend_segments(previous, target, batch)

    def compact(self, previous: Path, target: Path, removed: frozenset[int]) -> None:
        """Write ``previous`` without ``removed`` to ``target``, in as few segments as pay off."""
        from altiplano_plugins.index_faiss.writing import compact_segments

        compact_segments(previous, target, removed, flat_limit=self._config.flat_limit)

    def open(self, directory: Path) -> "OpenFaissIndex":
        """Load ``directory``. The caller has checked the files against its manifest."""
        from altiplano_plugins.index_faiss.opened import OpenFaissIndex, open_segment
        from altiplano_plugins.index_faiss.segments import list_segments

        segments = []
        for segment in list_segments(directory):
            stat = os.stat(segment.vectors)  # noqa: PTH116 - the four fields in one call
            identity = (stat.st_dev, stat.st_ino, stat.st_size, stat.st_mtime_ns)
            opened = self._opened.get(identity)
            if opened is None or opened.is_quantized != segment.is_quantized:
                opened = open_segment(
                    segment,
                    probe_share=self._config.probe_share,
                    candidates=self._config.candidates,
                )
                self._opened[identity] = opened
            segments.append(opened)
        return OpenFaissIndex(tuple(segments))
