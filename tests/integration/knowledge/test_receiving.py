"""Uploads: one document per file, refusals with a reason, and nothing half-written."""

import errno
import os
import time
from pathlib import Path

import pytest
from django.db import OperationalError

from altiplano.kernel.errors import (
    InvalidInputError,
    LimitReachedError,
    NotAllowedError,
    NotFoundError,
    StorageFullError,
    TooLargeError,
)
from altiplano.kernel.models import Job
from altiplano.knowledge import blobs
from altiplano.knowledge.domain import receiving
from altiplano.knowledge.domain.documents import has_file
from altiplano.knowledge.domain.orphans import GRACE_SECONDS, remove_orphans
from altiplano.knowledge.domain.receiving import receive_url
from altiplano.knowledge.models import Document, DocumentState, DocumentVersion
from tests.integration.knowledge.conftest import latest, make_collection, run_jobs

pytestmark = pytest.mark.django_db


def files_on_disk(storage: Path) -> list[Path]:
    return [path for path in (storage / "blobs").rglob("*") if path.is_file()]


def test_upload_waits_to_be_read_and_its_job_is_published(
    alice, collection, upload, published, django_capture_on_commit_callbacks
):
    with django_capture_on_commit_callbacks(execute=True):
        (document,) = upload(alice, collection, ("garden.txt", "Water the beds at dawn."))
    version = document.latest_version
    assert (document.name, version.state, version.media_type) == (
        "garden.txt",
        DocumentState.QUEUED,
        "text/plain",
    )
    assert has_file(version)
    assert [(queue, task) for queue, task, _ in published] == [
        ("ingest", "altiplano.knowledge.parse_document")
    ]


def test_refused_files_of_a_batch_say_why_and_the_others_go_on(alice, collection, upload, storage):
    documents = upload(
        alice,
        collection,
        ("good.txt", "Beans climb."),
        ("empty.txt", b""),
        ("setup.pdf", b"MZ" + b"\0" * 500),
        ("photo.txt", b"\x89PNG\r\n\x1a\n" + b"\0" * 50),
        ("also-good.md", "# Peas\n\nPeas climb as well."),
    )
    states = [document.latest_version.state for document in documents]
    assert states == ["queued", "failed", "failed", "failed", "queued"]
    reasons = [document.latest_version.reason for document in documents]
    assert "empty" in reasons[1]
    assert "program" in reasons[2]
    assert "picture" in reasons[3]
    assert len(files_on_disk(storage)) == 2, "nothing of a refused file is kept"
    assert Job.objects.count() == 2


def test_same_content_under_the_same_name_is_the_same_document(alice, collection, upload):
    (first,) = upload(alice, collection, ("a.txt", "one"))
    (second,) = upload(alice, collection, ("a.txt", "one"))
    assert first.id == second.id
    assert DocumentVersion.unscoped.count() == 1
    assert Job.objects.count() == 1


def test_other_content_under_the_same_name_is_the_next_version(alice, collection, upload):
    upload(alice, collection, ("a.txt", "one"))
    (second,) = upload(alice, collection, ("a.txt", "two"))
    versions = list(DocumentVersion.unscoped.order_by("number"))
    assert [version.number for version in versions] == [1, 2]
    assert versions[0].state == DocumentState.CANCELLED, "nobody waits for the first any more"
    assert latest(second) == versions[1]


def test_equal_names_in_one_batch_make_two_documents_and_stay_so_when_sent_again(
    alice, collection, upload
):
    batch = (("a/readme.txt", "one"), ("b/readme.txt", "two"))
    first = upload(alice, collection, *batch)
    again = upload(alice, collection, *batch)
    assert [document.name for document in first] == ["readme.txt", "readme (2).txt"]
    assert [document.id for document in again] == [document.id for document in first]


def test_equal_content_is_kept_once_on_the_disk(alice, collection, upload, storage):
    upload(alice, collection, ("a.txt", "the same"), ("b.txt", "the same"))
    inodes = {path.stat().st_ino for path in files_on_disk(storage)}
    assert len(files_on_disk(storage)) == 2
    assert len(inodes) == 1


def test_organizations_share_no_file(alice, charlie, collection, upload, storage):
    upload(alice, collection, ("a.txt", "the same"))
    upload(charlie, make_collection(charlie, "Charity"), ("a.txt", "the same"))
    assert len({path.stat().st_ino for path in files_on_disk(storage)}) == 2


@pytest.mark.parametrize(
    ("sent", "shown"),
    [
        ("../../x.txt", "x.txt"),
        ("/etc/passwd", "passwd"),
        ("..\\..\\x.txt", "x.txt"),
        ("a\0b.txt", "ab.txt"),
        ("x" * 4096 + ".txt", "x" * 251 + ".txt"),
        ("invoice\u202etxt.exe", "invoicetxt.exe"),
        ("a\r\nSet-Cookie: x.txt", "a Set-Cookie: x.txt"),
        ("x.pth", "x.pth"),
        ("-rf.txt", "rf.txt"),
        ("..", "document"),
        ("", "document"),
        ("\u200b", "document"),
    ],
)
def test_c10_odd_names_are_shown_clean_and_never_touch_the_disk(
    alice, collection, upload, storage, sent, shown
):
    (document,) = upload(alice, collection, (sent, "Compost needs air."))
    assert document.name == shown
    (path,) = files_on_disk(storage)
    assert path.is_relative_to(storage / "blobs" / alice.organization.id.hex)
    assert path.name == f"{document.latest_version.sha256[2:]}.{document.latest_version.id.hex}"
    run_jobs()
    assert latest(document).state == DocumentState.READY


def test_full_disk_is_said_and_leaves_nothing(alice, collection, upload, storage, monkeypatch):
    calls = []

    def fill_up(descriptor):
        calls.append(descriptor)
        if len(calls) > 2:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(blobs.os, "fsync", fill_up)
    with pytest.raises(StorageFullError, match="no room left"):
        upload(alice, collection, ("a.txt", "one"), ("b.txt", "two"))
    assert files_on_disk(storage) == []
    assert not Document.unscoped.exists()
    assert not Job.objects.exists()


def test_failing_database_leaves_no_file(alice, collection, upload, storage, monkeypatch):
    def refuse(*_, **__):
        raise RuntimeError("the database is away")

    monkeypatch.setattr("altiplano.knowledge.domain.receiving.create_jobs", refuse)
    with pytest.raises(RuntimeError):
        upload(alice, collection, ("a.txt", "one"))
    assert files_on_disk(storage) == []
    assert not Document.unscoped.exists()


def test_a_commit_whose_outcome_nobody_knows_leaves_the_files_to_the_upkeep(
    alice, collection, upload, storage, monkeypatch
):
    """It may have been recorded: a document without its file would be worse than a file alone."""

    def break_off(*_, **__):
        raise OperationalError("server closed the connection unexpectedly")

    monkeypatch.setattr("altiplano.knowledge.domain.receiving.create_jobs", break_off)
    with pytest.raises(OperationalError):
        upload(alice, collection, ("a.txt", "one"))
    (left,) = files_on_disk(storage)
    long_ago = time.time() - GRACE_SECONDS - 60
    os.utime(left, (long_ago, long_ago))
    remove_orphans()
    assert files_on_disk(storage) == []


def test_quota_counts_what_was_uploaded_at_the_same_moment(
    alice, collection, upload, storage, settings, monkeypatch
):
    """Both fitted when they were looked at first; the second to be recorded does not any more."""
    settings.STORAGE_BYTES = 10
    store = receiving._store
    other = []

    def store_slowly(organization_id, items):
        stored = store(organization_id, items)
        if not other:
            other.append("is uploading")
            upload(alice, collection, ("b.txt", "second!"))
        return stored

    monkeypatch.setattr(receiving, "_store", store_slowly)
    with pytest.raises(LimitReachedError):
        upload(alice, collection, ("a.txt", "first!!"))
    assert [document.name for document in Document.unscoped.all()] == ["b.txt"]
    assert len(files_on_disk(storage)) == 1


def test_quota_is_stated_when_it_is_reached(alice, collection, upload, settings):
    settings.STORAGE_BYTES = 10
    upload(alice, collection, ("a.txt", "12345"))
    with pytest.raises(LimitReachedError, match="uses 5 bytes of 10 bytes; 6 bytes more"):
        upload(alice, collection, ("b.txt", "123456"))
    assert Document.unscoped.count() == 1


def test_too_large_file_fails_alone_in_a_batch_and_the_request_when_it_is_alone(
    alice, collection, upload, settings
):
    settings.MAX_DOCUMENT_BYTES = 10
    small, large = upload(alice, collection, ("s.txt", "small"), ("l.txt", "x" * 11))
    assert small.latest_version.state == DocumentState.QUEUED
    assert large.latest_version.reason_code == "too_large"
    assert "10 bytes" in large.latest_version.reason
    with pytest.raises(TooLargeError, match="10 bytes"):
        upload(alice, collection, ("m.txt", "x" * 11))


def test_nothing_and_too_much_are_refused(alice, collection, upload, settings):
    settings.MAX_FILES_PER_UPLOAD = 2
    with pytest.raises(InvalidInputError, match="at least one file"):
        upload(alice, collection)
    with pytest.raises(TooLargeError, match="at most 2 files"):
        upload(alice, collection, ("a", "1"), ("b", "2"), ("c", "3"))


def test_viewer_and_stranger_cannot_upload(alice, vera, charlie, collection, upload):
    with pytest.raises(NotAllowedError):
        upload(vera, collection, ("a.txt", "one"))
    with pytest.raises(NotFoundError):
        upload(charlie, collection, ("a.txt", "one"))
    assert not Document.unscoped.exists()


def test_sending_a_failed_file_again_retries_it(alice, collection, upload):
    (document,) = upload(alice, collection, ("a.txt", "one"))
    DocumentVersion.unscoped.update(state=DocumentState.FAILED, reason="It failed.")
    Job.objects.all().delete()
    upload(alice, collection, ("a.txt", "one"))
    assert latest(document).state == DocumentState.QUEUED
    assert Job.objects.count() == 1


@pytest.mark.parametrize(
    "url",
    [
        "file:///etc/passwd",
        "gopher://example.org/",
        "ftp://example.org/a",
        "data:text/plain,a",
        "https://user@example.org/a",
        "https://exa\\mple.org",
        "https://",
        "example.org",
        "https://example.org:99999/a",
        "https://example.org/a b",
        "https://example.org/" + "a" * 2000,
    ],
)
def test_c17_addresses_that_are_no_web_address_are_refused(alice, collection, url):
    with pytest.raises(InvalidInputError, match="full address"):
        receive_url(principal=alice.principal, collection_id=collection.id, url=url)


def test_url_is_a_document_named_after_its_last_part(alice, collection):
    send = {"principal": alice.principal, "collection_id": collection.id}
    url = "https://example.org/a/report.pdf?download=1"
    document = receive_url(url=url, **send)
    assert (document.name, document.latest_version.source_url) == ("report.pdf", url)
    assert receive_url(url=url, **send).id == document.id
    assert receive_url(url="https://example.org", **send).name == "example.org"
    assert Job.objects.count() == 2
