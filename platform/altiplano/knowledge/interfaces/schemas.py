"""Bodies of this area's REST routes."""

import uuid
from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import Field

from altiplano.kernel.reasons import in_my_language
from altiplano.kernel.schemas import RequestBody, ResponseBody
from altiplano.knowledge import search
from altiplano.knowledge.models import Document, DocumentState, DocumentVersion
from altiplano.knowledge.queries import CollectionSummary, progress_of
from altiplano.knowledge.search_wire import SearchHit

Language = Annotated[str, Field(min_length=2, max_length=2, pattern=r"^[a-zA-Z]{2}$")]


class CollectionIn(RequestBody):
    name: Annotated[str, Field(min_length=1, max_length=200)]
    language: Language | Literal[""] = ""


class CollectionChange(RequestBody):
    name: Annotated[str, Field(min_length=1, max_length=200)] | None = None
    language: Language | Literal[""] | None = None


class CollectionOut(ResponseBody):
    id: uuid.UUID
    name: str
    language: str
    documents: int
    chunks: int = Field(description="Of the versions that answer questions.")
    bytes: int
    unfinished: int
    failed: int
    state: Literal["empty", "working", "ready", "failed"]
    created_at: datetime

    @classmethod
    def of(cls, summary: CollectionSummary) -> "CollectionOut":
        return cls.model_validate(summary, from_attributes=True)


class UrlIn(RequestBody):
    url: Annotated[str, Field(min_length=1, max_length=2000)]


class ReceivedOut(ResponseBody):
    id: uuid.UUID
    name: str
    state: DocumentState

    @classmethod
    def of(cls, document: Document) -> "ReceivedOut":
        return cls(id=document.id, name=document.name, state=DocumentState(_latest(document).state))


class DocumentOut(ResponseBody):
    """A document with how far its latest version has come."""

    id: uuid.UUID
    collection: uuid.UUID
    name: str
    state: DocumentState
    reason: str = Field(description="Why it failed or was cancelled, in a sentence.")
    reason_code: str
    progress: float = Field(description="From 0 to 1.")
    pages: int
    chunks: int
    bytes: int
    language: str
    title: str
    media_type: str
    warnings: list[str]
    version: int
    answering_version: int | None = Field(
        description="The version that answers questions; an earlier one while this one is read."
    )
    created_at: datetime

    @classmethod
    def of(cls, document: Document) -> "DocumentOut":
        version, active = _latest(document), document.active_version
        return cls(
            id=document.id,
            collection=document.collection_id,
            name=document.name,
            state=DocumentState(version.state),
            reason=in_my_language(version.reason),
            reason_code=version.reason_code,
            progress=progress_of(version),
            pages=version.page_count,
            chunks=version.chunk_count,
            bytes=version.bytes,
            language=version.language,
            title=version.title,
            media_type=version.media_type,
            warnings=version.warnings,
            version=version.number,
            answering_version=active.number if active else None,
            created_at=document.created_at,
        )


class DocumentPage(ResponseBody):
    """Some of a collection's documents, newest first, of ``total``."""

    total: int
    items: list[DocumentOut]


class TextOut(ResponseBody):
    text: str


class VersionOut(ResponseBody):
    number: int
    state: DocumentState
    reason: str
    sha256: str
    bytes: int
    media_type: str
    created_at: datetime
    is_answering: bool

    @classmethod
    def of(cls, version: DocumentVersion, document: Document) -> "VersionOut":
        return cls(
            number=version.number,
            state=DocumentState(version.state),
            reason=in_my_language(version.reason),
            sha256=version.sha256,
            bytes=version.bytes,
            media_type=version.media_type,
            created_at=version.created_at,
            is_answering=document.active_version_id == version.id,
        )


class FilterIn(RequestBody):
    document_ids: Annotated[list[str], Field(max_length=search.MAX_FILTER_VALUES)] = []
    languages: Annotated[list[Language], Field(max_length=search.MAX_FILTER_VALUES)] = []


class SearchIn(RequestBody):
    query: Annotated[str, Field(min_length=1, max_length=search.MAX_QUERY_CHARS)]
    k: Annotated[int, Field(ge=1, le=search.MAX_HITS)] = 5
    mode: search.Mode = "hybrid"
    filter: FilterIn = FilterIn()

    def as_search(self) -> dict[str, Any]:
        """The arguments of ``search_collection`` that are in the body."""
        return {
            "query": self.query,
            "k": self.k,
            "mode": self.mode,
            "document_ids": self.filter.document_ids,
            "languages": [language.lower() for language in self.filter.languages],
        }


class HitOut(ResponseBody):
    chunk_id: int
    document_id: uuid.UUID
    document_name: str
    page: int
    start: int = Field(description="Offset in the document's extracted text.")
    end: int
    text: str
    score: float

    @classmethod
    def of(cls, hit: SearchHit) -> "HitOut":
        return cls.model_validate(hit, from_attributes=True)


class SearchOut(ResponseBody):
    hits: list[HitOut]
    took_ms: float

    @classmethod
    def of(cls, result: search.SearchResult) -> "SearchOut":
        return cls(hits=[HitOut.of(hit) for hit in result.hits], took_ms=result.took_ms)


def _latest(document: Document) -> DocumentVersion:
    """The latest version, which the caller has loaded; every document has one."""
    if document.latest_version is None:
        raise LookupError(f"document {document.id} has no version")
    return document.latest_version
