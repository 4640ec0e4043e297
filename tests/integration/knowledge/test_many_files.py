"""Ten thousand tiny files: every one becomes searchable, and another organization does not wait."""

import pytest
from django.conf import settings

from altiplano.knowledge.models import Chunk, DocumentState, DocumentVersion
from altiplano_worker.tasks import index, ingest
from tests.integration.knowledge.conftest import latest, make_collection, run_jobs

pytestmark = [pytest.mark.django_db, pytest.mark.fault]

FILES = 10_000
TURNS = 400
"""Far fewer than files: the workers read and index them in groups."""


def send_tiny_files(alice, collection, upload) -> None:
    size = settings.MAX_FILES_PER_UPLOAD
    for first in range(0, FILES, size):
        upload(
            alice,
            collection,
            *((f"note-{n}.txt", f"Bed {n} grows beans.") for n in range(first, first + size)),
        )


def test_ten_thousand_tiny_files_all_become_ready(alice, charlie, collection, upload):
    send_tiny_files(alice, collection, upload)
    (single,) = upload(charlie, make_collection(charlie, "Charity"), ("one.txt", "Peas climb."))

    for _ in range(2):
        ingest.parse_document("")
    for _ in range(2):
        index.index_collection("")
    assert latest(single).state == DocumentState.READY, "one file waits for no ten thousand"

    run_jobs(limit=TURNS)

    versions = DocumentVersion.objects.within(alice.organization.id)
    assert versions.filter(state=DocumentState.READY).count() == FILES
    chunks = Chunk.objects.within(alice.organization.id)
    assert chunks.count() == chunks.values("version").distinct().count() == FILES
