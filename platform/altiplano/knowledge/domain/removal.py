"""What every removal has in common: chunks with their tombstones, jobs, files."""

import shutil
import uuid
from collections.abc import Collection as Sized

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from altiplano.kernel.models import ACTIVE_STATES, Job, JobState
from altiplano.knowledge.blobs import BlobName, remove_blob
from altiplano.knowledge.models import Chunk, DocumentText, DocumentVersion, Tombstone
from altiplano.knowledge.pictures import folder_of

TOMBSTONE_CHUNKS = 10_000
"""Chunk ids per tombstone row."""


def remove_extracted(*, collection_id: uuid.UUID, version_ids: Sized[uuid.UUID]) -> int:
    """Chunks and text of these versions are gone, and the index is told to pass over the chunks.

    Part of the caller's transaction. Also chunks that were never indexed get a tombstone: a worker
    may be adding them at this moment.
    """
    chunks = Chunk.unscoped.filter(version_id__in=version_ids)
    chunk_ids = list(chunks.order_by("id").values_list("id", flat=True))
    Tombstone.objects.bulk_create(
        Tombstone(
            collection_id=collection_id, chunk_ids=chunk_ids[start : start + TOMBSTONE_CHUNKS]
        )
        for start in range(0, len(chunk_ids), TOMBSTONE_CHUNKS)
    )
    chunks.delete()
    DocumentText.objects.filter(version_id__in=version_ids).delete()
    return len(chunk_ids)


def cancel_version_jobs(versions: QuerySet[DocumentVersion]) -> None:
    """Nobody reads these versions any more; a worker that does so loses its claim."""
    Job.objects.filter(subject_id__in=versions.values("id"), state__in=ACTIVE_STATES).update(
        state=JobState.CANCELLED, finished_at=timezone.now(), lease_until=None
    )


def remove_blobs_on_commit(versions: QuerySet[DocumentVersion]) -> None:
    """The files of these versions go once their rows are gone for good."""
    names = [
        BlobName(organization_id, sha256, version_id)
        for organization_id, sha256, version_id in versions.exclude(sha256="").values_list(
            "organization_id", "sha256", "id"
        )
    ]

    def remove() -> None:
        for name in names:
            remove_blob(name)
            # Of another version with this content they are drawn again.
            shutil.rmtree(folder_of(name.organization_id, name.sha256), ignore_errors=True)

    transaction.on_commit(remove, robust=True)
