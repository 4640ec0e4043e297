"""The task that reads documents: every kind of bad file ends in a state with a sentence."""

import errno
import uuid
from datetime import timedelta

import pytest
from django.db import DatabaseError
from django.utils import timezone

import altiplano_sdk as sdk
from altiplano.kernel import job_batches, jobs
from altiplano.kernel.models import Job, JobState
from altiplano.knowledge import blobs
from altiplano.knowledge.domain import ingestion
from altiplano.knowledge.domain.documents import cancel_document as owner_cancels
from altiplano.knowledge.domain.receiving import receive_url
from altiplano.knowledge.models import Chunk, DocumentState, DocumentText
from altiplano.knowledge.specs import IndexCollection, ParseDocument
from altiplano_worker.runtime.parsing import ParseCancelledError
from altiplano_worker.tasks import ingest, reading
from altiplano_worker.tasks.leases import LeaseWatch
from altiplano_worker.tasks.upkeep import sweep_jobs
from tests.fakes import documents as files
from tests.integration.knowledge.conftest import latest, run_jobs

pytestmark = pytest.mark.django_db

TEXT = "Beans climb. Peas climb as well. " * 40


def read(document):
    ingest.parse_document("")
    return latest(document)


def test_text_pages_spans_and_language_are_stored(alice, collection, upload, tmp_path):
    path = tmp_path / "garden.pdf"
    files.write_pdf(
        path,
        [
            ["The beans need water every single morning in summer."] * 20,
            ["The peas need no water at all in a wet spring."] * 20,
        ],
        title="Garden calendar",
    )
    (document,) = upload(alice, collection, ("garden.pdf", path))
    version = read(document)
    assert (version.state, version.title, version.language) == (
        DocumentState.EMBEDDING,
        "Garden calendar",
        "en",
    )
    text = DocumentText.objects.get(version=version).text
    chunks = list(Chunk.unscoped.order_by("ordinal"))
    assert version.page_count == 2
    assert version.chunk_count == len(chunks)
    assert {chunk.page for chunk in chunks} == {1, 2}
    assert all(chunk.text == text[chunk.start : chunk.end] for chunk in chunks)
    assert Job.objects.get(state=JobState.QUEUED).task == IndexCollection.task


def test_bad_files_fail_with_their_reason(alice, collection, upload, tmp_path):
    files.write_pdf(tmp_path / "locked.pdf", [["secret"]], password="a password")
    files.write_picture_pdf(tmp_path / "scan.pdf")
    files.write_pdf(tmp_path / "whole.pdf", [["A page of text."]] * 5)
    whole = (tmp_path / "whole.pdf").read_bytes()
    (tmp_path / "cut.docx").write_bytes(b"")
    files.write_docx(tmp_path / "cut.docx", ["A paragraph."])
    cut_docx = (tmp_path / "cut.docx").read_bytes()
    sent = upload(
        alice,
        collection,
        ("locked.pdf", tmp_path / "locked.pdf"),
        ("scan.pdf", tmp_path / "scan.pdf"),
        ("cut.pdf", whole[: len(whole) // 3]),
        ("cut.docx", cut_docx[: len(cut_docx) // 2]),
        ("really-text.pdf", TEXT),
        ("really-a-pdf.txt", whole),
        ("good.txt", TEXT),
    )
    run_jobs()
    outcome = {document.name: latest(document) for document in sent}
    assert outcome.pop("good.txt").state == DocumentState.READY
    assert outcome.pop("really-a-pdf.txt").state == DocumentState.READY, "told by its bytes"
    assert outcome.pop("really-text.pdf").state == DocumentState.READY, "told by its bytes"
    assert {version.state for version in outcome.values()} == {DocumentState.FAILED}
    assert "password" in outcome["locked.pdf"].reason
    assert "pictures" in outcome["scan.pdf"].reason
    assert all(version.reason.endswith(".") for version in outcome.values())
    assert all("/" not in version.reason for version in outcome.values()), "no path is told"


def test_reading_twice_leaves_one_set_of_chunks(alice, collection, upload):
    (document,) = upload(alice, collection, ("a.txt", TEXT))
    read(document)
    texts = Chunk.unscoped.order_by("ordinal").values_list("text", flat=True)
    before = list(texts)
    jobs.create_job(ParseDocument(latest(document).id), organization_id=alice.organization.id)
    read(document)
    assert list(texts.all()) == before
    ingest.parse_document("a doubled message")
    assert Chunk.unscoped.count() == len(before)


def test_message_without_a_job_does_nothing():
    ingest.parse_document(str(uuid.uuid4()))
    assert not Job.objects.exists()


def test_job_of_a_finished_version_is_done_at_once(alice, collection, upload):
    (document,) = upload(alice, collection, ("a.txt", TEXT))
    run_jobs()
    jobs.create_job(ParseDocument(latest(document).id), organization_id=alice.organization.id)
    assert read(document).state == DocumentState.READY
    assert not Job.objects.filter(state=JobState.QUEUED).exists()


def test_second_worker_takes_over_and_the_first_changes_nothing(
    alice, collection, upload, monkeypatch
):
    (document,) = upload(alice, collection, ("a.txt", TEXT))
    real = reading.ReadingTurn._parse

    def fall_asleep(turn, claim, work):
        monkeypatch.setattr(reading.ReadingTurn, "_parse", real)
        Job.objects.update(lease_until=timezone.now())
        ingest.parse_document("the second worker")
        return real(turn, claim, work)

    monkeypatch.setattr(reading.ReadingTurn, "_parse", fall_asleep)
    ingest.parse_document("the first worker")
    assert latest(document).state == DocumentState.EMBEDDING
    assert Chunk.unscoped.count() == latest(document).chunk_count


def test_lost_claim_stops_the_reading(alice, collection, upload, monkeypatch):
    (document,) = upload(alice, collection, ("a.txt", TEXT))

    def cancelled(*_, **__):
        raise ParseCancelledError

    monkeypatch.setattr(ingest._parser, "parse", cancelled)
    assert read(document).state == DocumentState.PARSING
    assert not Chunk.unscoped.exists()


def test_passing_trouble_is_tried_again_and_then_said(alice, collection, upload, monkeypatch):
    (document,) = upload(alice, collection, ("a.txt", TEXT))

    def busy(*_, **__):
        raise sdk.RetryableError("The reader could not be started.")

    monkeypatch.setattr(ingest._parser, "parse", busy)
    assert read(document).state == DocumentState.QUEUED
    assert Job.objects.get().reason == "The reader could not be started."
    run_jobs()
    version = latest(document)
    assert (version.state, version.reason, version.reason_code) == (
        DocumentState.FAILED,
        "The reader could not be started.",
        "retryable",
    )


def test_unforeseen_error_is_tried_again_and_tells_no_detail(
    alice, collection, upload, monkeypatch
):
    (document,) = upload(alice, collection, ("a.txt", TEXT))

    def break_down(*_, **__):
        raise RuntimeError("secret detail of /a/path")

    monkeypatch.setattr(ingest._parser, "parse", break_down)
    run_jobs()
    assert latest(document).state == DocumentState.FAILED
    assert "secret" not in latest(document).reason


def test_failing_database_leaves_the_job_to_the_sweeper(alice, collection, upload, monkeypatch):
    upload(alice, collection, ("a.txt", TEXT))

    def no_room(*_, **__):
        raise DatabaseError("database or disk is full")

    monkeypatch.setattr(ingestion.Chunk.unscoped, "bulk_create", no_room)
    with pytest.raises(DatabaseError):
        ingest.parse_document("")
    assert not DocumentText.objects.exists(), "nothing half-written"
    assert Job.objects.get().state == JobState.RUNNING
    monkeypatch.undo()


def test_document_that_kills_its_worker_every_time_fails_with_a_sentence(alice, collection, upload):
    (document,) = upload(alice, collection, ("a.txt", TEXT))
    for _ in range(3):
        assert jobs.claim_job(ParseDocument.task) is not None
        Job.objects.update(lease_until=timezone.now())
    assert jobs.claim_job(ParseDocument.task) is None
    sweep_jobs()
    version = latest(document)
    assert (version.state, version.reason_code) == (DocumentState.FAILED, "reader_died")
    assert "several times" in version.reason


def test_small_documents_are_read_and_stored_together(
    alice, collection, upload, django_assert_max_num_queries, monkeypatch
):
    monkeypatch.setattr(reading, "TURN_SECONDS", 600)
    upload(alice, collection, *((f"{n}.txt", f"Bean number {n} climbs.") for n in range(32)))
    ingest._parser.start()
    with django_assert_max_num_queries(110):
        ingest.parse_document("")
    assert Chunk.unscoped.count() == 32
    assert Job.objects.filter(state=JobState.DONE).count() == 32


def test_turn_ends_in_time_and_gives_the_rest_back(alice, collection, upload, monkeypatch):
    documents = upload(alice, collection, ("a.txt", TEXT), ("b.txt", TEXT + "b"), ("c.txt", "c d"))
    monkeypatch.setattr(reading, "TURN_SECONDS", -1)
    ingest.parse_document("")
    states = sorted(latest(document).state for document in documents)
    assert states == [DocumentState.EMBEDDING, DocumentState.QUEUED, DocumentState.QUEUED]
    waiting = Job.objects.filter(task=ParseDocument.task, state=JobState.QUEUED)
    assert [job.attempt for job in waiting] == [0, 0], "not begun is not tried"
    run_jobs()
    assert {latest(document).state for document in documents} == {DocumentState.READY}


def test_turn_leaves_large_documents_to_other_workers(alice, collection, upload, monkeypatch):
    documents = [
        upload(alice, collection, (name, text))[0]
        for name, text in (("a.txt", TEXT), ("small.txt", "Peas."), ("c.txt", TEXT + "c"))
    ]
    for number, document in enumerate(documents):  # in this order, whatever the clock's steps
        early = timezone.now() - timedelta(seconds=10 - number)
        Job.objects.filter(subject_id=document.latest_version_id).update(created_at=early)
    monkeypatch.setattr(reading, "TURN_BYTES", 100)
    ingest.parse_document("")
    states = [latest(document).state for document in documents]
    assert states == [DocumentState.EMBEDDING, DocumentState.EMBEDDING, DocumentState.QUEUED]


def test_cancelled_document_of_a_group_is_dropped_and_the_others_stored(
    alice, collection, upload, monkeypatch
):
    first, second = upload(alice, collection, ("a.txt", TEXT), ("b.txt", TEXT + "b"))
    real = ingestion.store_parsed_documents

    def cancel_first(parsed):
        owner_cancels(principal=alice.principal, document_id=first.id)
        real(parsed)

    monkeypatch.setattr(ingestion, "store_parsed_documents", cancel_first)
    ingest.parse_document("")
    assert latest(first).state == DocumentState.CANCELLED
    assert latest(second).state == DocumentState.EMBEDDING
    assert set(Chunk.unscoped.values_list("version", flat=True)) == {second.latest_version_id}


def test_document_that_was_tried_before_is_read_alone(alice, collection, upload):
    upload(alice, collection, ("bad.txt", TEXT), ("good.txt", TEXT + "good"))
    claims = job_batches.claim_jobs(ParseDocument.task, limit=1)
    assert len(claims) == 1
    Job.objects.filter(state=JobState.RUNNING).update(lease_until=timezone.now())
    (again,) = job_batches.claim_jobs(ParseDocument.task, limit=32)
    assert (again.job_id, again.attempt) == (claims[0].job_id, 2)


def test_watch_notices_a_cancel_within_a_second_and_keeps_the_lease(
    alice, collection, upload, monkeypatch
):
    upload(alice, collection, ("a.txt", TEXT))
    claim = jobs.claim_job(ParseDocument.task)
    watch = LeaseWatch(claim)
    assert watch.is_lost() is False
    clock = [0.0]
    monkeypatch.setattr("altiplano_worker.tasks.leases.time.monotonic", lambda: clock[0])
    watch = LeaseWatch(claim)
    Job.objects.update(lease_until=timezone.now())
    clock[0] += 0.6
    assert watch.is_lost() is False
    assert Job.objects.get().lease_until > timezone.now()
    jobs.cancel_jobs(subject_id=claim.subject_id)
    assert watch.is_lost() is False, "asks at most every half second"
    clock[0] += 0.6
    assert watch.is_lost() is True
    with pytest.raises(jobs.LostClaimError):
        watch.check()


def test_watch_bears_a_database_that_is_away_for_a_moment(alice, collection, upload, monkeypatch):
    upload(alice, collection, ("a.txt", TEXT))
    clock = [0.0]
    monkeypatch.setattr("altiplano_worker.tasks.leases.time.monotonic", lambda: clock[0])
    watch = LeaseWatch(jobs.claim_job(ParseDocument.task))

    def away(claims):
        raise DatabaseError

    monkeypatch.setattr("altiplano_worker.tasks.leases.renew_leases", away)
    clock[0] += 0.6
    assert watch.is_lost() is False


@pytest.fixture
def fetch(monkeypatch):
    """The internet: ``fetch["body"]`` or an error to raise."""
    answer = {"body": TEXT.encode()}

    async def deliver(url, target, *, limits):
        if isinstance(answer["body"], Exception):
            raise answer["body"]
        target.write_bytes(answer["body"])

    monkeypatch.setattr(reading, "fetch_document", deliver)
    return answer


def test_fetched_document_is_read_like_an_uploaded_one(alice, collection, fetch):
    document = receive_url(
        principal=alice.principal, collection_id=collection.id, url="https://example.org/a.txt"
    )
    run_jobs()
    version = latest(document)
    assert (version.state, version.media_type, version.bytes) == (
        DocumentState.READY,
        "text/plain",
        len(TEXT),
    )
    assert ingestion.BlobName(alice.organization.id, version.sha256, version.id).path.exists()


def test_fetched_rubbish_and_refusals_are_said(alice, collection, fetch):
    fetch["body"] = b"\x89PNG\r\n\x1a\n" + b"\0" * 50
    document = receive_url(
        principal=alice.principal, collection_id=collection.id, url="https://example.org/a.png"
    )
    run_jobs()
    assert "picture" in latest(document).reason
    fetch["body"] = sdk.PermanentError("The address leads into a private network.")
    document = receive_url(
        principal=alice.principal, collection_id=collection.id, url="https://example.org/b"
    )
    run_jobs()
    assert "private network" in latest(document).reason


def test_full_disk_while_fetching_is_tried_again_and_then_said(
    alice, collection, fetch, monkeypatch
):
    def full(*_, **__):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(blobs.os, "fsync", full)
    document = receive_url(
        principal=alice.principal, collection_id=collection.id, url="https://example.org/a.txt"
    )
    run_jobs()
    version = latest(document)
    assert (version.state, version.reason_code) == (DocumentState.FAILED, "storage_full")
