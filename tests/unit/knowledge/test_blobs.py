"""Files on disk: whole or not there, shared within an organization, gone with the last name."""

import errno
import hashlib
import uuid

import pytest

from altiplano.kernel.errors import StorageFullError
from altiplano.knowledge import blobs
from altiplano.knowledge.blobs import BlobName, hash_file, remove_blob, store_blob

CONTENT = b"Compost needs air." * 1000
SHA = hashlib.sha256(CONTENT).hexdigest()


@pytest.fixture(autouse=True)
def root(tmp_path, settings):
    settings.BLOB_ROOT = tmp_path / "blobs"
    return settings.BLOB_ROOT


@pytest.fixture
def source(tmp_path):
    path = tmp_path / "source"
    path.write_bytes(CONTENT)
    return path


@pytest.fixture
def name():
    return BlobName(uuid.uuid4(), SHA, uuid.uuid4())


def test_hash_is_that_of_the_content(source):
    assert hash_file(source) == SHA


@pytest.mark.parametrize("is_ours", [True, False])
def test_stored_content_is_there_under_its_generated_name(source, name, root, is_ours):
    store_blob(source, name, is_ours=is_ours)
    assert name.path.read_bytes() == CONTENT
    assert name.path.is_relative_to(root / name.organization_id.hex / SHA[:2])
    store_blob(source, name, is_ours=is_ours)
    assert [path.name for path in name.path.parent.iterdir()] == [name.path.name]


def test_foreign_source_may_be_written_to_afterwards(source, name):
    store_blob(source, name)
    source.write_bytes(b"something else")
    assert name.path.read_bytes() == CONTENT


def test_file_system_without_links_gets_a_copy(source, name, monkeypatch):
    def refuse(*_):
        raise OSError(errno.EPERM, "no links here")

    monkeypatch.setattr(blobs.os, "link", refuse)
    twin = BlobName(name.organization_id, SHA, uuid.uuid4())
    store_blob(source, twin, is_ours=True)
    store_blob(source, name, is_ours=True, twin=twin)
    assert name.path.read_bytes() == twin.path.read_bytes() == CONTENT


def test_twin_shares_the_bytes_and_outlives_the_other(source, name):
    twin = BlobName(name.organization_id, SHA, uuid.uuid4())
    store_blob(source, twin)
    store_blob(source, name, twin=twin)
    assert name.path.stat().st_ino == twin.path.stat().st_ino
    remove_blob(twin)
    remove_blob(twin)
    assert name.path.read_bytes() == CONTENT


def test_twin_that_is_gone_is_no_trouble(source, name):
    store_blob(source, name, twin=BlobName(name.organization_id, SHA, uuid.uuid4()))
    assert name.path.read_bytes() == CONTENT


@pytest.mark.parametrize("call", ["fsync", "link"])
@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EDQUOT])
def test_full_disk_is_said_and_leaves_nothing(source, name, monkeypatch, call, code):
    def full(*_):
        raise OSError(code, "full")

    monkeypatch.setattr(blobs.os, call, full)
    with pytest.raises(StorageFullError):
        store_blob(source, name, is_ours=True)
    assert not name.path.exists()
    assert not name.path.parent.exists() or list(name.path.parent.iterdir()) == []


def test_full_disk_in_the_middle_of_a_copy_leaves_nothing(source, name, monkeypatch):
    def full(reader, writer, size):
        writer.write(reader.read(10))
        raise OSError(errno.ENOSPC, "full")

    monkeypatch.setattr(blobs.shutil, "copyfileobj", full)
    with pytest.raises(StorageFullError):
        store_blob(source, name)
    assert list(name.path.parent.iterdir()) == []


def test_other_errors_of_the_disk_are_not_dressed_up(source, name, monkeypatch):
    def broken(*_):
        raise OSError(errno.EIO, "broken")

    monkeypatch.setattr(blobs.shutil, "copyfileobj", broken)
    with pytest.raises(OSError, match="broken"):
        store_blob(source, name)


def test_stored_names_tell_their_versions(source, name):
    store_blob(source, name)
    (name.path.parent / "rubbish.x").touch()
    assert list(blobs.stored_version_ids(name.organization_id)) == [(name.version_id, name.path)]
    blobs.remove_blobs_of_organization(name.organization_id)
    assert list(blobs.stored_version_ids(name.organization_id)) == []
