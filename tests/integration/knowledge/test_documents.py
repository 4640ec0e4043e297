"""Cancelling, retrying, replacing and deleting, from the owner's side."""

import pytest

from altiplano.accounts.models import AuditEvent
from altiplano.kernel import jobs
from altiplano.kernel.errors import ConflictError, NotAllowedError, NotFoundError
from altiplano.kernel.models import Job, JobState
from altiplano.knowledge import queries
from altiplano.knowledge.domain import collections, documents
from altiplano.knowledge.models import (
    Chunk,
    Collection,
    Document,
    DocumentState,
    DocumentText,
    DocumentVersion,
    Tombstone,
)
from altiplano_worker.tasks import index, ingest
from tests.integration.knowledge.conftest import latest, make_collection, run_jobs
from tests.integration.knowledge.searching import found

pytestmark = pytest.mark.django_db

TEXT = "Compost takes six to twelve months to mature."


@pytest.fixture
def ready(alice, collection, upload) -> Document:
    (document,) = upload(alice, collection, ("compost.txt", TEXT))
    run_jobs()
    return document


def test_ready_document_is_found(alice, collection, ready):
    assert latest(ready).state == DocumentState.READY
    assert found(collection, "when is compost mature") == ["compost.txt"]


def test_cancelled_document_is_not_read(alice, collection, upload):
    (document,) = upload(alice, collection, ("a.txt", TEXT))
    documents.cancel_document(principal=alice.principal, document_id=document.id)
    version = latest(document)
    assert (version.state, version.reason) == (
        DocumentState.CANCELLED,
        "Cancelled by its owner.",
    )
    assert run_jobs() == 0
    documents.cancel_document(principal=alice.principal, document_id=document.id)


def test_cancel_between_reading_and_indexing_removes_what_was_read(alice, collection, upload):
    (document,) = upload(alice, collection, ("a.txt", TEXT))
    ingest.parse_document("")
    assert latest(document).state == DocumentState.EMBEDDING
    documents.cancel_document(principal=alice.principal, document_id=document.id)
    assert not Chunk.unscoped.exists()
    assert not DocumentText.objects.exists()
    run_jobs()
    assert latest(document).state == DocumentState.CANCELLED
    assert found(collection, "compost") == []


def test_cancel_takes_the_claim_from_the_worker_that_reads(alice, collection, upload):
    (document,) = upload(alice, collection, ("a.txt", TEXT))
    claim = jobs.claim_job("altiplano.knowledge.parse_document")
    documents.cancel_document(principal=alice.principal, document_id=document.id)
    with pytest.raises(jobs.LostClaimError):
        jobs.renew_lease(claim)


def test_ready_document_cannot_be_cancelled_or_retried(alice, ready):
    with pytest.raises(ConflictError, match="nothing to cancel"):
        documents.cancel_document(principal=alice.principal, document_id=ready.id)
    with pytest.raises(ConflictError, match="nothing to retry"):
        documents.retry_document(principal=alice.principal, document_id=ready.id)


def test_retry_reads_a_cancelled_document_again(alice, collection, upload):
    (document,) = upload(alice, collection, ("a.txt", TEXT))
    documents.cancel_document(principal=alice.principal, document_id=document.id)
    documents.retry_document(principal=alice.principal, document_id=document.id)
    documents.retry_document(principal=alice.principal, document_id=document.id)
    run_jobs()
    assert latest(document).state == DocumentState.READY
    assert latest(document).reason == ""


def test_retry_of_a_refused_file_says_that_it_was_not_kept(alice, collection, upload):
    (document,) = upload(alice, collection, ("a.txt", b""))
    with pytest.raises(ConflictError, match="not kept"):
        documents.retry_document(principal=alice.principal, document_id=document.id)


def test_old_version_answers_until_the_new_one_is_ready(alice, collection, upload, ready):
    upload(alice, collection, ("compost.txt", "Worms turn peelings into compost."))
    assert found(collection, "compost months") == ["compost.txt"]
    before = Document.unscoped.get()
    assert before.active_version_id != before.latest_version_id
    run_jobs()
    after = Document.unscoped.get()
    assert after.active_version_id == after.latest_version_id == before.latest_version_id
    assert [chunk.text for chunk in Chunk.unscoped.all()] == ["Worms turn peelings into compost."]
    assert Tombstone.objects.count() == 1
    versions = queries.versions_of(alice.organization.id, ready.id)
    assert [version.number for version in versions] == [2, 1]


def test_failed_replacement_leaves_the_old_version_answering(alice, collection, upload, ready):
    upload(alice, collection, ("compost.txt", b"%PDF-1.4 broken"))
    run_jobs()
    assert latest(ready).state == DocumentState.FAILED
    assert found(collection, "compost months") == ["compost.txt"]
    assert queries.document_text(alice.organization.id, ready.id).text == TEXT


def test_deleted_document_is_nowhere(
    alice, collection, ready, storage, django_capture_on_commit_callbacks
):
    with django_capture_on_commit_callbacks(execute=True):
        documents.delete_document(principal=alice.principal, document_id=ready.id)
    for model in (Document, DocumentVersion, Chunk):
        assert not model.unscoped.exists()
    assert not DocumentText.objects.exists()
    assert [path for path in (storage / "blobs").rglob("*") if path.is_file()] == []
    assert found(collection, "compost") == []
    event = AuditEvent.objects.get(action="document.deleted")
    assert (event.object_id, event.data["name"]) == (str(ready.id), "compost.txt")
    with pytest.raises(NotFoundError):
        documents.delete_document(principal=alice.principal, document_id=ready.id)


def test_deleted_words_leave_the_index_files_with_the_next_compaction(
    alice, collection, upload, ready
):
    upload(alice, collection, ("b.txt", "Beans climb."))
    run_jobs()
    documents.delete_document(principal=alice.principal, document_id=ready.id)
    assert Tombstone.objects.count() == 1
    run_jobs()
    assert not Tombstone.objects.exists()
    assert found(collection, "beans") == ["b.txt"]


def test_deleting_one_of_two_equal_documents_keeps_the_file_of_the_other(
    alice, collection, upload, storage, django_capture_on_commit_callbacks
):
    first, second = upload(alice, collection, ("a.txt", TEXT), ("b.txt", TEXT))
    with django_capture_on_commit_callbacks(execute=True):
        documents.delete_document(principal=alice.principal, document_id=first.id)
    run_jobs()
    assert latest(second).state == DocumentState.READY


def test_deleted_document_can_be_uploaded_again(alice, collection, upload, ready):
    documents.delete_document(principal=alice.principal, document_id=ready.id)
    (again,) = upload(alice, collection, ("compost.txt", TEXT))
    run_jobs()
    assert again.id != ready.id
    assert found(collection, "compost") == ["compost.txt"]


def test_delete_during_indexing_leaves_a_tombstone_for_what_was_added(
    alice, collection, upload, monkeypatch
):
    (document,) = upload(alice, collection, ("a.txt", TEXT))
    ingest.parse_document("")
    real = index.IndexingTurn._in_files

    def delete_first(turn, call):
        documents.delete_document(principal=alice.principal, document_id=document.id)
        Tombstone.objects.all().delete()  # as if a compaction had come by in between
        monkeypatch.setattr(index.IndexingTurn, "_in_files", real)
        return real(turn, call)

    monkeypatch.setattr(index.IndexingTurn, "_in_files", delete_first)
    index.index_collection("")
    assert Tombstone.objects.count() == 1
    assert found(collection, "compost") == []


def test_deleted_collection_takes_everything_along(
    alice, collection, upload, ready, storage, django_capture_on_commit_callbacks
):
    other = make_collection(alice, "Other")
    (kept,) = upload(alice, other, ("kept.txt", TEXT))
    upload(alice, collection, ("waiting.txt", "Not read yet."))
    with django_capture_on_commit_callbacks(execute=True):
        collections.delete_collection(principal=alice.principal, collection_id=collection.id)
    assert [document.name for document in Document.unscoped.all()] == ["kept.txt"]
    assert len([path for path in (storage / "blobs").rglob("*") if path.is_file()]) == 1
    assert not (storage / "indexes" / collection.id.hex).exists()
    assert not Job.objects.filter(state=JobState.QUEUED).exclude(subject_id=kept.latest_version_id)
    run_jobs()
    assert found(other, "compost") == ["kept.txt"]


@pytest.mark.parametrize(
    "act", [documents.cancel_document, documents.retry_document, documents.delete_document]
)
def test_viewer_may_not_and_stranger_sees_nothing(vera, charlie, ready, act):
    with pytest.raises(NotAllowedError):
        act(principal=vera.principal, document_id=ready.id)
    for document_id in (ready.id, str(ready.id), "no id at all", None, "\0"):
        with pytest.raises(NotFoundError):
            act(principal=charlie.principal, document_id=document_id)
    assert latest(ready).state == DocumentState.READY


def test_collection_names_are_unique_within_an_organization(alice, charlie, collection):
    with pytest.raises(ConflictError, match="already has a collection called “School”"):
        make_collection(alice, "School")
    assert make_collection(charlie, "School").name == "School"
    other = make_collection(alice, "Other")
    with pytest.raises(ConflictError):
        collections.change_collection(
            principal=alice.principal, collection_id=other.id, name="School"
        )
    assert Collection.unscoped.get(pk=other.pk).name == "Other"
