"""When index files are rewritten without what was removed, and what is true afterwards."""

import uuid
from datetime import timedelta

from django.db import transaction
from django.db.models import F
from django.db.models.functions import Greatest

from altiplano.kernel.jobs import JobClaim, create_job, fail_exhausted_job, finish_job, retry_job
from altiplano.knowledge.models import Collection, Tombstone
from altiplano.knowledge.specs import CompactIndex

COMPACTION_DELAY = timedelta(seconds=60)
"""Deletions come in groups; rewriting the files once serves them all."""


def request_compaction(collection_id: uuid.UUID, *, organization_id: uuid.UUID) -> None:
    """The index files will be rewritten without what was removed; soon, and once for many calls."""
    create_job(CompactIndex(collection_id), organization_id=organization_id, delay=COMPACTION_DELAY)


def finish_compaction(claim: JobClaim, *, series: int, up_to: int, generation: int) -> None:
    """The files hold none of the chunks of these tombstones any more. Raises LostClaimError.

    When another series of files answers by now, only the job is over.
    """
    with transaction.atomic():
        finish_job(claim)
        collections = Collection.unscoped.filter(pk=claim.subject_id, index_series=series)
        if collections.select_for_update(no_key=True).first() is None:
            return
        collections.filter(index_generation__gt=0).update(
            index_generation=Greatest(F("index_generation"), generation)
        )
        Tombstone.objects.filter(collection_id=claim.subject_id, id__lte=up_to).delete()


def retry_compaction(claim: JobClaim, *, reason: str) -> None:
    """The files are rewritten after a pause. Raises LostClaimError.

    When no attempt is left nothing is lost: searches pass over what is gone, and the next removal
    asks again.
    """
    retry_job(claim, reason)


def fail_compaction_job(claim: JobClaim) -> None:
    """A job whose every attempt died without a word is over."""
    fail_exhausted_job(claim, "Rewriting the index stopped the worker several times.")
