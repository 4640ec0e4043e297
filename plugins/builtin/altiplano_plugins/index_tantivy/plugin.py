"""The plugin class: configuration, and the three verbs of the Index contract."""

from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field

import altiplano_sdk as sdk

if TYPE_CHECKING:
    from altiplano_plugins.index_tantivy.opened import OpenTantivyIndex


class TantivyConfig(BaseModel):
    """How much of a long question is looked for."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    query_terms: int = Field(
        default=64,
        ge=1,
        le=1024,
        title="Words of a question",
        description="Of a longer question, this many of the rarest words are looked for.",
    )


class TantivyIndex:
    """BM25 over word stems; each text is analysed in its own language.

    A batch becomes one small segment; the segments before it are hard-linked, which is safe
    because tantivy never changes a segment file and replaces its list of segments by a rename.
    Texts are stored as terms, so compaction can write them again without what was removed.
    """

    manifest: ClassVar[sdk.Manifest] = sdk.Manifest(
        id="tantivy",
        version="1.0.0",
        kind=sdk.StageKind.INDEX,
        title="Tantivy",
        summary="Finds passages that share words with the question, with stemming in eighteen "
        "languages.",
    )
    Config: ClassVar[type[BaseModel]] = TantivyConfig
    signal: Literal["dense", "lexical"] = "lexical"

    def __init__(self, config: TantivyConfig) -> None:
        self._config = config

    def extend(self, previous: Path | None, target: Path, batch: sdk.IndexBatch) -> None:
        """Write ``previous`` and ``batch`` to ``target``.

        Raises PermanentError for an id that is not positive, comes twice or is there already.
        """
        from altiplano_plugins.index_tantivy.writing import extend_directory

        extend_directory(previous, target, batch)

    def compact(self, previous: Path, target: Path, removed: frozenset[int]) -> None:
        """Write ``previous`` without ``removed`` to ``target``; no trace of them is left there."""
        from altiplano_plugins.index_tantivy.writing import compact_directory

        compact_directory(previous, target, removed)

    def open(self, directory: Path) -> "OpenTantivyIndex":
        """Open ``directory``. The caller has checked the files against its manifest."""
        from altiplano_plugins.index_tantivy.opened import OpenTantivyIndex

        return OpenTantivyIndex(directory, query_terms=self._config.query_terms)
