"""What a worker works on is deleted: before it begins, or in the middle.

Each time the job ends, nothing is raised, and nothing of what was deleted is left on the disk.
"""

from pathlib import Path

import pytest

from altiplano.kernel.jobs import LostClaimError, claim_job, create_job
from altiplano.kernel.models import ACTIVE_STATES, Job, JobState
from altiplano.knowledge.domain import ingestion
from altiplano.knowledge.domain.collections import delete_collection
from altiplano.knowledge.domain.compaction import request_compaction
from altiplano.knowledge.domain.documents import delete_document
from altiplano.knowledge.domain.receiving import receive_url
from altiplano.knowledge.index_files import index_directory
from altiplano.knowledge.models import Chunk, Collection, DocumentVersion, Tombstone
from altiplano.knowledge.specs import CompactIndex, IndexCollection, ParseDocument
from altiplano_worker.tasks import compaction, index, indexing, ingest, reading
from tests.integration.knowledge.conftest import run_jobs

pytestmark = pytest.mark.django_db

TEXT = "Compost needs six months. Beans need water. " * 20


@pytest.fixture
def forget(alice, django_capture_on_commit_callbacks):
    """Deletes a collection as its owner does, files included."""

    def forget(collection: Collection) -> None:
        with django_capture_on_commit_callbacks(execute=True):
            delete_collection(principal=alice.principal, collection_id=collection.id)

    return forget


@pytest.fixture
def forget_document(alice, django_capture_on_commit_callbacks):
    def forget(document) -> None:
        with django_capture_on_commit_callbacks(execute=True):
            delete_document(principal=alice.principal, document_id=document.id)

    return forget


def files_below(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


def active_jobs() -> int:
    return Job.objects.filter(state__in=ACTIVE_STATES).count()


def at_point(monkeypatch, module, name: str, act) -> None:
    """``act`` happens once, when a worker passes the marked point."""
    pending = [act]

    def pass_point(passed: str) -> None:
        if passed == name and pending:
            pending.pop()()

    monkeypatch.setattr(module, "crash_point", pass_point)


def test_a_document_deleted_before_it_is_read(alice, collection, upload, forget_document, storage):
    (document,) = upload(alice, collection, ("compost.txt", TEXT))
    job = Job.objects.get(task=ParseDocument.task)
    forget_document(document)
    ingest.parse_document(str(job.id))
    assert active_jobs() == 0
    assert files_below(storage / "blobs") == []


@pytest.mark.parametrize("point", ["reading started", "documents parsed"])
def test_a_document_deleted_while_it_is_read(
    alice, collection, upload, forget_document, storage, monkeypatch, point
):
    (document, other) = upload(alice, collection, ("a.txt", TEXT), ("b.txt", TEXT + "More."))
    at_point(monkeypatch, reading, point, lambda: forget_document(document))
    run_jobs()
    assert active_jobs() == 0
    assert set(Chunk.unscoped.values_list("version_id", flat=True)) == {other.latest_version_id}
    assert len(files_below(storage / "blobs")) == 1
    assert DocumentVersion.unscoped.get().state == "ready"


@pytest.mark.parametrize(
    "spec", [ParseDocument, IndexCollection, CompactIndex], ids=lambda spec: spec.__name__
)
def test_a_job_whose_subject_never_was_is_done_at_once(alice, spec, collection, forget):
    """As after the deletion of a whole organization's rows: nobody cancelled the job."""
    create_job(spec(collection.id), organization_id=alice.organization.id)
    Collection.unscoped.all().delete()
    assert run_jobs() == 1
    assert Job.objects.get().state == JobState.DONE


def test_a_collection_deleted_before_it_is_indexed(alice, collection, upload, forget, storage):
    upload(alice, collection, ("compost.txt", TEXT))
    ingest.parse_document("")
    forget(collection)
    index.index_collection("")
    assert active_jobs() == 0
    assert files_below(storage) == [storage / "sent" / "0"]


@pytest.mark.parametrize("point", ["chunks embedded", "vectors saved", "segment committed"])
def test_a_collection_deleted_while_it_is_indexed(
    alice, collection, upload, forget, storage, monkeypatch, point
):
    upload(alice, collection, ("compost.txt", TEXT))
    ingest.parse_document("")
    at_point(monkeypatch, indexing, point, lambda: forget(collection))
    index.index_collection("")
    assert active_jobs() == 0
    assert not index_directory(collection.id).exists(), "a worker that was writing tidies up"
    assert files_below(storage / "blobs") == []
    assert (Chunk.unscoped.count(), Tombstone.objects.count()) == (0, 0)


def test_a_document_deleted_while_it_is_indexed_is_passed_over(
    alice, collection, upload, forget_document, monkeypatch
):
    (document, other) = upload(alice, collection, ("a.txt", TEXT), ("b.txt", TEXT + "More."))
    ingest.parse_document("")
    at_point(monkeypatch, indexing, "vectors saved", lambda: forget_document(document))
    index.index_collection("")
    gone = {pk for row in Tombstone.objects.all() for pk in row.chunk_ids}
    assert gone
    assert gone.isdisjoint(Chunk.unscoped.values_list("id", flat=True))
    assert DocumentVersion.unscoped.get().id == other.latest_version_id
    run_jobs()
    assert active_jobs() == 0
    assert DocumentVersion.unscoped.get().state == "ready"


def test_a_collection_deleted_while_its_files_are_rewritten(
    alice, collection, upload, forget, storage, monkeypatch
):
    upload(alice, collection, ("compost.txt", TEXT))
    run_jobs()
    request_compaction(collection.id, organization_id=alice.organization.id)
    real = compaction.index_contents.tombstones_of

    def tombstones_of(collection_id):
        found = real(collection_id)
        forget(collection)
        return found

    monkeypatch.setattr(compaction.index_contents, "tombstones_of", tombstones_of)
    run_jobs()
    assert active_jobs() == 0
    assert not index_directory(collection.id).exists()


def test_a_fetched_file_of_a_deleted_document_is_not_kept(
    alice, collection, forget_document, storage, tmp_path
):
    document = receive_url(
        principal=alice.principal, collection_id=collection.id, url="https://example.org/a.txt"
    )
    claim = claim_job(ParseDocument.task)
    ((_, begun),) = ingestion.start_readings([claim])
    forget_document(document)
    fetched = tmp_path / "fetched"
    fetched.write_text(TEXT)
    with pytest.raises(LostClaimError):
        ingestion.store_fetched_file(claim, begun, path=fetched, media_type="text/plain")
    assert files_below(storage / "blobs") == []
