"""Which of a collection's documents a list shows, and in which order."""

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.db.models import F, QuerySet, Sum
from django.utils import timezone

from altiplano.knowledge.models import UNFINISHED_STATES, Document, DocumentState
from altiplano.knowledge.queries import documents_in

UNDO_SECONDS: Final = 10
"""How long a page offers to take a deletion back."""

STATES: Final = {
    "working": UNFINISHED_STATES,
    "ready": (DocumentState.READY,),
    "failed": (DocumentState.FAILED,),
    "cancelled": (DocumentState.CANCELLED,),
}
ORDERS: Final = {
    "name": "name",
    "state": "latest_version__state",
    "pages": "latest_version__page_count",
    "size": "latest_version__bytes",
    "added": "created_at",
}
NEWEST_FIRST: Final = "-added"


@dataclass(frozen=True, slots=True)
class Selection:
    """What a reader asked for; anything unknown was taken for nothing."""

    search: str = ""
    state: str = ""
    order: str = NEWEST_FIRST

    @classmethod
    def read(cls, *, search: str, state: str, order: str) -> "Selection":
        return cls(
            search=" ".join(search.split())[:200].replace("\0", ""),
            state=state if state in STATES else "",
            order=order if order.removeprefix("-") in ORDERS else NEWEST_FIRST,
        )

    @property
    def is_narrow(self) -> bool:
        return bool(self.search or self.state)


def select_documents(
    organization_id: uuid.UUID, collection_id: object, selection: Selection
) -> QuerySet[Document]:
    """The documents in their order, each with its versions at hand; to be sliced."""
    documents = documents_in(organization_id, collection_id)
    if selection.search:
        documents = documents.filter(name__icontains=selection.search)
    if selection.state:
        documents = documents.filter(latest_version__state__in=STATES[selection.state])
    field = ORDERS[selection.order.removeprefix("-")]
    is_down = selection.order.startswith("-")
    return documents.order_by(F(field).desc() if is_down else F(field).asc(), "id")


def chunks_to_embed(organization_id: uuid.UUID, collection_id: object) -> int:
    """How many passages of the collection still wait for their vectors; the rest of the work."""
    waiting = documents_in(organization_id, collection_id, state=DocumentState.EMBEDDING)
    left = waiting.order_by().aggregate(
        left=Sum(F("latest_version__chunk_count") - F("latest_version__embedded_count"))
    )["left"]
    return max(int(left or 0), 0)


@dataclass(frozen=True, slots=True)
class Deletion:
    """What was deleted together a moment ago; ``name`` is of one of ``count`` documents."""

    id: uuid.UUID
    name: str
    count: int
    seconds_left: int


def deletions_to_undo(organization_id: uuid.UUID, collection_id: uuid.UUID) -> list[Deletion]:
    """What may still be taken back, the newest first."""
    now = timezone.now()
    rows = Document.unscoped.filter(
        organization_id=organization_id,
        collection_id=collection_id,
        deleted_at__gt=now - timedelta(seconds=UNDO_SECONDS),
    ).order_by("-deleted_at", "name")
    together: dict[uuid.UUID, list[tuple[str, datetime]]] = {}
    for deletion_id, name, deleted_at in rows.values_list("deletion_id", "name", "deleted_at"):
        if deletion_id is not None and deleted_at is not None:
            together.setdefault(deletion_id, []).append((name, deleted_at))
    return [
        Deletion(
            id=deletion_id,
            name=each[0][0],
            count=len(each),
            seconds_left=max(1, UNDO_SECONDS - int((now - each[0][1]).total_seconds())),
        )
        for deletion_id, each in together.items()
    ]
