"""Reads about collections and documents, in a number of queries that does not grow with them."""

import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Count, F, Q, QuerySet, Sum
from django.utils.translation import gettext_lazy as _

from altiplano.kernel.errors import NotFoundError
from altiplano.knowledge.models import (
    UNFINISHED_STATES,
    Chunk,
    Collection,
    Document,
    DocumentState,
    DocumentText,
    DocumentVersion,
)

READING_SHARE = 0.1
"""Of the progress shown to a person; vectors take nearly all of the time."""


@dataclass(frozen=True, slots=True)
class CollectionSummary:
    """A collection with what is in it. ``state`` is empty, working, ready or failed."""

    id: uuid.UUID
    name: str
    language: str
    documents: int
    chunks: int
    bytes: int
    unfinished: int
    failed: int
    created_at: datetime

    @property
    def state(self) -> str:
        if not self.documents:
            return "empty"
        if self.unfinished:
            return "working"
        return "failed" if self.failed == self.documents else "ready"


def collections_of(
    organization_id: uuid.UUID, *, collection_id: uuid.UUID | None = None
) -> list[CollectionSummary]:
    """The organization's collections by name, or the one asked for, in two queries."""
    collections = Collection.objects.within(organization_id)
    documents = Document.objects.within(organization_id)
    if collection_id is not None:
        collections = collections.filter(pk=collection_id)
        documents = documents.filter(collection_id=collection_id)
    counts: dict[uuid.UUID, dict[str, Any]] = {
        row["collection_id"]: dict(row)
        for row in documents.order_by()
        .values("collection_id")
        .annotate(
            documents=Count("id"),
            chunks=Sum("active_version__chunk_count"),
            bytes=Sum("latest_version__bytes"),
            unfinished=Count("id", filter=Q(latest_version__state__in=UNFINISHED_STATES)),
            failed=Count("id", filter=Q(latest_version__state=DocumentState.FAILED)),
        )
    }
    return [
        CollectionSummary(
            id=collection.id,
            name=collection.name,
            language=collection.language,
            created_at=collection.created_at,
            **{
                key: counts.get(collection.id, {}).get(key) or 0
                for key in ("documents", "chunks", "bytes", "unfinished", "failed")
            },
        )
        for collection in collections.order_by("name", "id")
    ]


def collection_summary(organization_id: uuid.UUID, collection_id: object) -> CollectionSummary:
    """Raises NotFoundError."""
    found = Collection.objects.get_within(organization_id, collection_id)
    summaries = collections_of(organization_id, collection_id=found.id)
    if not summaries:
        raise NotFoundError(_("There is no such collection in your organization."))
    return summaries[0]


def documents_in(
    organization_id: uuid.UUID, collection_id: object, *, state: str = ""
) -> QuerySet[Document]:
    """The collection's documents, newest first, each with its versions at hand; to be sliced."""
    collection = Collection.objects.get_within(organization_id, collection_id)
    documents = Document.objects.within(organization_id).filter(collection=collection)
    if state:
        documents = documents.filter(latest_version__state=state)
    return documents.select_related("latest_version", "active_version").order_by(
        "-created_at", "-id"
    )


def document_with_versions(organization_id: uuid.UUID, document_id: object) -> Document:
    """Raises NotFoundError."""
    found = Document.objects.get_within(organization_id, document_id)
    documents = Document.objects.within(organization_id).select_related(
        "collection", "latest_version", "active_version"
    )
    document = documents.filter(pk=found.pk).first()
    if document is None:
        raise NotFoundError(_("There is no such document in your organization."))
    return document


def versions_of(organization_id: uuid.UUID, document_id: object) -> list[DocumentVersion]:
    """The document's versions, newest first. Raises NotFoundError."""
    document = Document.objects.get_within(organization_id, document_id)
    versions = DocumentVersion.objects.within(organization_id).filter(document=document)
    return list(versions.order_by("-number"))


def document_text(organization_id: uuid.UUID, document_id: object) -> DocumentText:
    """The extracted text that answers questions, or is about to. Raises NotFoundError."""
    document = Document.objects.get_within(organization_id, document_id)
    version_id = document.active_version_id or document.latest_version_id
    text = DocumentText.objects.filter(version_id=version_id).first()
    if text is None:
        raise NotFoundError(_("The text of this document has not been read yet."), code="no_text")
    return text


def printed_documents(organization_id: uuid.UUID, document_ids: Iterable[str]) -> frozenset[str]:
    """Those of the documents whose text was read off pages of print, where lines end with the paper."""
    documents = Document.objects.within(organization_id).filter(
        pk__in=set(document_ids), active_version__media_type="application/pdf"
    )
    return frozenset(str(pk) for pk in documents.values_list("pk", flat=True))


def chunk_place(
    organization_id: uuid.UUID, version_id: uuid.UUID | None, chunk_id: int
) -> tuple[int, int] | None:
    """Where the chunk stands in the text of this version; None when it is not of it."""
    chunks = Chunk.objects.within(organization_id).filter(version_id=version_id, pk=chunk_id)
    return chunks.values_list("start", "end").first()


def progress_of(version: DocumentVersion) -> float:
    """How far the version has come, from 0 to 1."""
    if version.state == DocumentState.READY:
        return 1.0
    if not version.chunk_count:
        return 0.0
    share = min(version.embedded_count / version.chunk_count, 1.0)
    return round(READING_SHARE + (0.99 - READING_SHARE) * share, 3)


@dataclass(frozen=True, slots=True)
class PassageRow:
    """A chunk that may be shown: of this organization and of its document's active version."""

    chunk_id: int
    collection_id: uuid.UUID
    document_id: uuid.UUID
    document_name: str
    page: int
    start: int
    end: int
    text: str
    language: str


def passage_rows(
    organization_id: uuid.UUID, collection_ids: frozenset[uuid.UUID], chunk_ids: list[int]
) -> dict[int, PassageRow]:
    """Those of the chunks that exist, belong here, and answer questions at this moment."""
    return _rows_by_id(_answering(organization_id, collection_ids).filter(id__in=chunk_ids))


def all_passage_rows(
    organization_id: uuid.UUID, collection_ids: frozenset[uuid.UUID], *, limit: int
) -> dict[int, PassageRow]:
    """As :func:`passage_rows`, for all indexed chunks of the collections, or ``limit`` of them."""
    answering = _answering(organization_id, collection_ids)
    return _rows_by_id(answering.filter(is_indexed=True)[:limit])


def _answering(organization_id: uuid.UUID, collection_ids: frozenset[uuid.UUID]) -> QuerySet[Chunk]:
    return Chunk.objects.within(organization_id).filter(
        collection_id__in=collection_ids,
        version__state=DocumentState.READY,
        version__document__active_version_id=F("version_id"),
        version__document__deleted_at__isnull=True,
    )


def _rows_by_id(chunks: QuerySet[Chunk]) -> dict[int, PassageRow]:
    rows = chunks.values_list(
        "id",
        "collection_id",
        "version__document_id",
        "version__document__name",
        "page",
        "start",
        "end",
        "text",
        "language",
    )
    return {row[0]: PassageRow(*row) for row in rows}


def searchable_collections(
    organization_id: uuid.UUID, collection_ids: frozenset[uuid.UUID]
) -> list[Collection]:
    """Those of the collections that belong to the organization and still exist."""
    return list(
        Collection.objects.within(organization_id).filter(pk__in=collection_ids).order_by("pk")
    )


def has_ready_documents(collection_id: uuid.UUID) -> bool:
    """True when an answer from this collection is owed, whatever its index says."""
    return DocumentVersion.unscoped.filter(
        document__collection_id=collection_id,
        document__deleted_at__isnull=True,
        state=DocumentState.READY,
        chunk_count__gt=0,
    ).exists()


def stored_bytes(organization_id: uuid.UUID) -> int:
    """What all files of the organization take up, those of earlier versions included.

    Versions of a document with the same content share one file.
    """
    files = DocumentVersion.objects.within(organization_id).order_by()
    contents = files.values("document_id", "sha256", "bytes").distinct()
    total = contents.aggregate(sum=Sum("bytes"))["sum"]
    return int(total or 0)
