"""Files that no row names go, once they are old enough; all others stay."""

import os
import time
import uuid
from pathlib import Path

import pytest

from altiplano.knowledge.blobs import BlobName, store_blob
from altiplano.knowledge.domain.documents import has_file
from altiplano.knowledge.domain.orphans import GRACE_SECONDS
from altiplano.knowledge.index_files import index_directory
from altiplano_worker.tasks.upkeep import remove_orphan_files
from tests.integration.knowledge.conftest import latest, run_jobs
from tests.integration.knowledge.searching import found

pytestmark = pytest.mark.django_db


def make_old(*paths: Path) -> None:
    long_ago = time.time() - GRACE_SECONDS - 60
    for path in paths:
        os.utime(path, (long_ago, long_ago))


def test_everything_in_use_stays_however_old(alice, collection, upload, storage):
    (document,) = upload(alice, collection, ("a.txt", "Beans climb."))
    run_jobs()
    make_old(*storage.rglob("*"))
    remove_orphan_files()
    assert has_file(latest(document))
    assert found(collection, "beans") == ["a.txt"]


def test_what_nobody_knows_goes_when_it_is_old(alice, collection, upload, storage, tmp_path):
    upload(alice, collection, ("a.txt", "Beans climb."))
    source = tmp_path / "source"
    source.write_bytes(b"left by a crash")
    lost = BlobName(alice.organization.id, "ab" * 32, uuid.uuid4())
    gone = BlobName(uuid.uuid4(), "cd" * 32, uuid.uuid4())
    for blob in (lost, gone):
        store_blob(source, blob)
    index = index_directory(uuid.uuid4())
    index.mkdir(parents=True)
    half = storage / "uploads" / "tmp123.upload.txt"
    half.write_bytes(b"half")
    partial = lost.path.with_name(f"{lost.path.name}.part")
    partial.write_bytes(b"ha")
    fetch = storage / "uploads" / "tmp456.upload"
    fetch.mkdir()
    (fetch / "fetched").write_bytes(b"half")
    orphans = [lost.path, gone.path, index, half, partial, fetch]
    remove_orphan_files()
    assert all(path.exists() for path in orphans), "too young: somebody may be about to name them"
    make_old(*orphans, gone.path.parents[1])
    remove_orphan_files()
    assert not any(path.exists() for path in orphans)


def test_nothing_to_look_at_is_no_trouble(settings, tmp_path):
    settings.BLOB_ROOT = settings.INDEX_ROOT = settings.UPLOAD_ROOT = tmp_path / "missing"
    remove_orphan_files()
    assert not (tmp_path / "missing").exists()
