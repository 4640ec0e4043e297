"""The background work of this area, by name; the code is in the worker."""

from dataclasses import dataclass
from typing import ClassVar

from altiplano.kernel.jobs import JobSpec


@dataclass(frozen=True, slots=True)
class ParseDocument(JobSpec):
    """Read one document version; the subject is the version."""

    task: ClassVar[str] = "altiplano.knowledge.parse_document"
    queue: ClassVar[str] = "ingest"


@dataclass(frozen=True, slots=True)
class IndexCollection(JobSpec):
    """Embed and index what waits in a collection; the subject is the collection."""

    task: ClassVar[str] = "altiplano.knowledge.index_collection"
    queue: ClassVar[str] = "index"


@dataclass(frozen=True, slots=True)
class CompactIndex(JobSpec):
    """Rewrite a collection's index files without what was removed; the subject is the collection."""

    task: ClassVar[str] = "altiplano.knowledge.compact_index"
    queue: ClassVar[str] = "index"


@dataclass(frozen=True, slots=True)
class ReadAgain(JobSpec):
    """Queue what a collection's plugins of now have not read; the subject is the collection."""

    task: ClassVar[str] = "altiplano.knowledge.read_again"
    queue: ClassVar[str] = "upkeep"


@dataclass(frozen=True, slots=True)
class RemoveDocuments(JobSpec):
    """Remove what was deleted once it can no longer be undone; the subject is the deletion."""

    task: ClassVar[str] = "altiplano.knowledge.remove_documents"
    queue: ClassVar[str] = "upkeep"


@dataclass(frozen=True, slots=True)
class LoadSource(JobSpec):
    """Bring what a source has into its collection; the subject is the source."""

    task: ClassVar[str] = "altiplano.knowledge.load_source"
    queue: ClassVar[str] = "ingest"
