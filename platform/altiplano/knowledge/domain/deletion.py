"""Deleting documents so that it can be undone for ten seconds.

A deleted document is in no list and no search from the moment of the click. Its rows and files go
a little later, by a job; until then the deletion can be taken back, as often as one likes.
"""

import uuid
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from altiplano.accounts.domain.audit import record_event
from altiplano.accounts.principal import Principal
from altiplano.kernel.errors import ConflictError, NotFoundError
from altiplano.kernel.ids import new_id
from altiplano.kernel.jobs import (
    JobClaim,
    cancel_jobs,
    create_job,
    fail_exhausted_job,
    finish_job,
    hold_claim,
    renew_lease,
)
from altiplano.knowledge.domain.documents import erase_document, record_deletion
from altiplano.knowledge.models import Collection, Document
from altiplano.knowledge.specs import RemoveDocuments

REMOVAL_DELAY = timedelta(seconds=30)
"""Longer than a page offers to undo: a click in the last second may take its time to arrive."""

FORGOTTEN_AFTER = timedelta(hours=1)
"""What should have been removed so long ago has lost its job."""


@dataclass(frozen=True, slots=True)
class Restored:
    """``count`` documents are back; of ``names_taken`` newer ones have come meanwhile."""

    count: int
    names_taken: tuple[str, ...]


def discard_documents(
    *, principal: Principal, collection_id: object, document_ids: Iterable[str]
) -> uuid.UUID:
    """No later search finds these documents of the collection; returns what undoes it.

    Ids that name nothing in the collection are passed over, and so are documents that were deleted
    before; a second click changes nothing. Raises NotFoundError when nothing is named at all.
    """
    principal.require("write")
    collection = Collection.objects.get_within(principal.organization_id, collection_id)
    wanted = set()
    for raw in document_ids:
        with suppress(ValueError):
            wanted.add(uuid.UUID(raw))
    with transaction.atomic():
        found = list(
            Document.unscoped.select_for_update()
            .filter(organization_id=principal.organization_id, collection=collection)
            .filter(pk__in=wanted)
            .order_by("pk")
        )
        living = [document for document in found if document.deleted_at is None]
        if not living:
            earlier = next((each.deletion_id for each in found if each.deletion_id), None)
            if earlier is None:
                raise NotFoundError(_("There is no such document in this collection."))
            return earlier
        deletion_id = new_id()
        create_job(
            RemoveDocuments(deletion_id),
            organization_id=principal.organization_id,
            delay=REMOVAL_DELAY,
        )
        for document in living:
            record_deletion(principal, document)
        Document.unscoped.filter(pk__in=[document.pk for document in living]).update(
            deleted_at=timezone.now(), deletion_id=deletion_id
        )
    return deletion_id


def restore_documents(*, principal: Principal, deletion_id: object) -> Restored:
    """What was deleted together is back where it was. Doing it twice changes nothing more.

    A document whose name a newer one has taken meanwhile stays deleted. Raises ConflictError when
    all of it is gone for good.
    """
    principal.require("write")
    with transaction.atomic():
        documents = list(_of_deletion(principal.organization_id, deletion_id))
        if not documents:
            raise ConflictError(
                _("It is too late to undo this: the documents are gone."), code="deletion_final"
            )
        deleted = [document for document in documents if document.deleted_at is not None]
        taken = _taken_names(deleted)
        back = [document for document in deleted if document.name not in taken]
        Document.unscoped.filter(pk__in=[document.pk for document in back]).update(deleted_at=None)
        for document in back:
            record_event(
                principal=principal,
                organization_id=document.organization_id,
                action="document.restored",
                object_type="document",
                object_id=document.id,
                data={"name": document.name, "collection": str(document.collection_id)},
            )
        if len(back) == len(deleted):
            cancel_jobs(subject_id=documents[0].deletion_id or new_id())
    return Restored(len(documents) - len(taken), tuple(sorted(taken)))


def _of_deletion(organization_id: uuid.UUID, deletion_id: object) -> Iterable[Document]:
    try:
        wanted = uuid.UUID(str(deletion_id))
    except ValueError:
        return ()
    return (
        Document.unscoped.select_for_update()
        .filter(organization_id=organization_id, deletion_id=wanted)
        .order_by("pk")
    )


def _taken_names(deleted: list[Document]) -> set[str]:
    if not deleted:
        return set()
    living = Document.objects.within(deleted[0].organization_id).filter(
        collection_id=deleted[0].collection_id, name__in=[document.name for document in deleted]
    )
    return set(living.values_list("name", flat=True))


def remove_discarded(claim: JobClaim) -> None:
    """What was deleted, and not taken back, is gone for good. Raises LostClaimError."""
    waiting = Document.unscoped.filter(deletion_id=claim.subject_id, deleted_at__isnull=False)
    for document_id in list(waiting.values_list("pk", flat=True)):
        with transaction.atomic():
            hold_claim(claim)
            document = waiting.filter(pk=document_id).first()
            if document is not None:
                erase_document(document)
        renew_lease(claim)
    with transaction.atomic():
        finish_job(claim)


def fail_removal_job(claim: JobClaim) -> None:
    """The documents stay out of sight; the upkeep asks for their removal again."""
    fail_exhausted_job(claim, "Removing the documents stopped the worker several times.")


def resume_removals() -> int:
    """Every deletion that has lost its job has one again; how many those were."""
    forgotten = {
        document.deletion_id: document.organization_id
        for document in Document.unscoped.filter(
            deleted_at__lt=timezone.now() - FORGOTTEN_AFTER
        ).only("deletion_id", "organization_id")
        if document.deletion_id is not None
    }
    for deletion_id, organization_id in forgotten.items():
        create_job(RemoveDocuments(deletion_id), organization_id=organization_id)
    return len(forgotten)
