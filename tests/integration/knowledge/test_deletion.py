"""Deleting documents, and taking it back."""

import uuid
from datetime import timedelta

import pytest
from django.utils import timezone

from altiplano.accounts.models import AuditEvent
from altiplano.kernel.errors import ConflictError, NotAllowedError, NotFoundError
from altiplano.kernel.models import Job, JobState
from altiplano.knowledge import queries
from altiplano.knowledge.domain.deletion import (
    FORGOTTEN_AFTER,
    REMOVAL_DELAY,
    discard_documents,
    restore_documents,
)
from altiplano.knowledge.domain.documents import has_file
from altiplano.knowledge.models import Chunk, Document, DocumentVersion
from altiplano.knowledge.specs import RemoveDocuments
from altiplano_worker.tasks import removal
from altiplano_worker.tasks.upkeep import remove_orphan_files
from tests.integration.knowledge.conftest import latest, run_jobs
from tests.integration.knowledge.searching import found

pytestmark = pytest.mark.django_db

TEXT = "Compost takes six to twelve months to mature."


@pytest.fixture
def ready(alice, collection, upload) -> Document:
    (document,) = upload(alice, collection, ("compost.txt", TEXT))
    run_jobs()
    return document


def discard(member, collection, *documents) -> uuid.UUID:
    return discard_documents(
        principal=member.principal,
        collection_id=collection.id,
        document_ids=[str(document.id) for document in documents],
    )


def let_removals_run() -> None:
    Job.objects.filter(task=RemoveDocuments.task).update(run_after=timezone.now())
    removal.remove_documents("")


def test_deleted_document_is_found_by_nobody_from_this_moment(alice, collection, ready):
    discard(alice, collection, ready)
    assert found(collection, "when is compost mature") == []
    assert queries.collection_summary(alice.organization.id, collection.id).documents == 0
    with pytest.raises(NotFoundError):
        queries.document_with_versions(alice.organization.id, ready.id)
    assert Chunk.unscoped.exists(), "until it can no longer be undone, nothing is lost"


def test_undone_deletion_leaves_everything_as_it_was(alice, collection, ready):
    deletion = discard(alice, collection, ready)
    restored = restore_documents(principal=alice.principal, deletion_id=deletion)
    assert (restored.count, restored.names_taken) == (1, ())
    assert found(collection, "when is compost mature") == ["compost.txt"]
    let_removals_run()
    assert has_file(latest(ready))
    again = restore_documents(principal=alice.principal, deletion_id=deletion)
    assert again.count == 1
    actions = AuditEvent.objects.order_by("pk").values_list("action", flat=True)
    assert list(actions).count("document.restored") == 1


def test_deletion_becomes_final_by_its_job(
    alice, collection, ready, django_capture_on_commit_callbacks
):
    version = latest(ready)
    deletion = discard(alice, collection, ready)
    job = Job.objects.get(task=RemoveDocuments.task)
    assert job.run_after > timezone.now() + REMOVAL_DELAY - timedelta(seconds=5)
    with django_capture_on_commit_callbacks(execute=True):
        let_removals_run()
    assert not Document.unscoped.exists()
    assert not Chunk.unscoped.exists()
    assert not has_file(version)
    job.refresh_from_db()
    assert job.state == JobState.DONE
    with pytest.raises(ConflictError, match="too late"):
        restore_documents(principal=alice.principal, deletion_id=deletion)


def test_second_click_is_the_same_deletion(alice, collection, ready):
    assert discard(alice, collection, ready) == discard(alice, collection, ready)
    assert Job.objects.filter(task=RemoveDocuments.task).count() == 1
    assert AuditEvent.objects.filter(action="document.deleted").count() == 1


def test_many_are_deleted_and_restored_together(alice, collection, upload):
    documents = upload(alice, collection, *[(f"{n}.txt", f"Beans, {n}.") for n in range(4)])
    deletion = discard(alice, collection, *documents[:3])
    assert queries.documents_in(alice.organization.id, collection.id).get().name == "3.txt"
    assert restore_documents(principal=alice.principal, deletion_id=deletion).count == 3
    assert queries.documents_in(alice.organization.id, collection.id).count() == 4


def test_document_deleted_while_it_waits_is_read_when_it_comes_back(alice, collection, upload):
    (document,) = upload(alice, collection, ("beans.txt", "Beans climb."))
    deletion = discard(alice, collection, document)
    restore_documents(principal=alice.principal, deletion_id=deletion)
    run_jobs()
    assert found(collection, "beans") == ["beans.txt"]


def test_name_is_free_at_once_and_the_newer_document_keeps_it(alice, collection, ready, upload):
    deletion = discard(alice, collection, ready)
    (newer,) = upload(alice, collection, ("compost.txt", "A newer text."))
    assert newer.id != ready.id
    restored = restore_documents(principal=alice.principal, deletion_id=deletion)
    assert (restored.count, restored.names_taken) == (0, ("compost.txt",))
    let_removals_run()
    assert list(Document.unscoped.values_list("id", flat=True)) == [newer.id]


@pytest.mark.parametrize("deletion", ["nonsense", uuid.uuid4()])
def test_unknown_deletion_cannot_be_undone(alice, deletion):
    with pytest.raises(ConflictError):
        restore_documents(principal=alice.principal, deletion_id=deletion)


def test_foreign_deletion_cannot_be_undone(alice, charlie, collection, ready):
    deletion = discard(alice, collection, ready)
    with pytest.raises(ConflictError):
        restore_documents(principal=charlie.principal, deletion_id=deletion)
    assert Document.unscoped.get().deleted_at is not None


def test_nobody_deletes_what_is_not_theirs(alice, charlie, vera, collection, ready):
    with pytest.raises(NotFoundError):
        discard(charlie, collection, ready)
    with pytest.raises(NotAllowedError):
        discard(vera, collection, ready)
    with pytest.raises(NotFoundError):
        discard_documents(
            principal=alice.principal, collection_id=collection.id, document_ids=["x", ""]
        )
    assert Document.unscoped.get().deleted_at is None


def test_removal_whose_job_was_lost_is_asked_for_again(alice, collection, ready):
    discard(alice, collection, ready)
    Job.objects.filter(task=RemoveDocuments.task).delete()
    remove_orphan_files()
    assert not Job.objects.filter(task=RemoveDocuments.task).exists()
    Document.unscoped.update(deleted_at=timezone.now() - FORGOTTEN_AFTER - timedelta(minutes=1))
    remove_orphan_files()
    let_removals_run()
    assert not DocumentVersion.unscoped.exists()
