"""Asking for a rebuild of an index that was found unusable."""

import uuid

from django.db import transaction

from altiplano.kernel.jobs import create_job
from altiplano.knowledge.specs import IndexCollection


def request_repair(collection_id: uuid.UUID, *, organization_id: uuid.UUID) -> None:
    """A worker will look at the collection's index files and rebuild them if they need it.

    Asking many times queues one job.
    """
    with transaction.atomic():
        create_job(IndexCollection(collection_id), organization_id=organization_id)
