"""Out into an archive and back into an empty home, whole or not at all."""

import io
import json
import os
import sqlite3
import tarfile
from contextlib import closing

import psycopg
import pytest
from django.db import connection

from altiplano.accounts.models import Organization
from altiplano.ops import backup, restore
from altiplano.ops.supervisor.home import Home, prepare_home
from tests.factories.accounts import OrganizationFactory

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def home(tmp_path, settings):
    home = prepare_home(tmp_path / "home")
    settings.BLOB_ROOT = home.root / "blobs"
    first = settings.BLOB_ROOT / "0a" / "ab" / "cd.1"
    first.parent.mkdir(parents=True)
    first.write_bytes(b"%PDF original")
    os.link(first, first.with_name("cd.2"))  # a second version with the same content
    OrganizationFactory(name="Kept")
    return home


@pytest.fixture
def empty(tmp_path, monkeypatch):
    """A home to restore into; on PostgreSQL, with an empty database beside it."""
    monkeypatch.delenv("ALTIPLANO_SECRET_KEY", raising=False)
    if connection.vendor == "sqlite":
        monkeypatch.delenv("ALTIPLANO_DATABASE_URL", raising=False)
        yield Home(tmp_path / "restored")
        return
    name = f"restored_{os.getpid()}"
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE DATABASE {name} TEMPLATE template0")
    ours = connection.settings_dict
    monkeypatch.setenv(
        "ALTIPLANO_DATABASE_URL",
        f"postgres://{ours['USER']}:@/{name}?host={ours['HOST']}",
    )
    yield Home(tmp_path / "restored")
    with connection.cursor() as cursor:
        cursor.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def archive(home, tmp_path):
    return backup.write_backup(home, tmp_path / "backup.tar").path


def restored_organizations(home):
    query = f"SELECT name FROM {Organization._meta.db_table}"  # noqa: S608
    if connection.vendor == "sqlite":
        with closing(sqlite3.connect(home.root / "db.sqlite3")) as database:
            return [row[0] for row in database.execute(query)]
    ours = connection.settings_dict
    with psycopg.connect(
        host=ours["HOST"], user=ours["USER"], dbname=f"restored_{os.getpid()}"
    ) as database:
        return [row[0] for row in database.execute(query)]


def rewritten(archive, target, change):
    """A copy of the archive with ``change(files)`` applied; ``files`` maps names to contents."""
    with tarfile.open(archive) as source:
        files = {
            member.name: source.extractfile(member).read()
            for member in source.getmembers()
            if source.extractfile(member)
        }
    change(files)
    with tarfile.open(target, "w") as copy:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            copy.addfile(member, io.BytesIO(content))
    return target


def test_restored_home_holds_the_rows_and_the_files(archive, empty):
    said = restore.restore_backup(archive, empty)

    assert restored_organizations(empty) == ["Kept"]
    assert (empty.root / "blobs/0a/ab/cd.1").read_bytes() == b"%PDF original"
    assert (empty.root / "blobs/0a/ab/cd.2").samefile(empty.root / "blobs/0a/ab/cd.1")
    assert empty.root.stat().st_mode & 0o077 == 0
    assert "altiplano up" in said


def test_archive_is_private_and_has_no_key_unless_asked(archive, empty):
    with tarfile.open(archive) as tar:
        assert "secret_key" not in tar.getnames()
    assert archive.stat().st_mode & 0o077 == 0

    said = restore.restore_backup(archive, empty)

    assert empty.secret_key.exists()  # a new one
    assert "no secret key" in said


def test_secret_key_comes_along_when_asked_for(home, tmp_path, empty, settings):
    written = backup.write_backup(home, tmp_path / "b.tar", with_secret_key=True)

    restore.restore_backup(written.path, empty)

    assert empty.secret_key.read_text() == settings.SECRET_KEY
    assert empty.secret_key.stat().st_mode & 0o077 == 0
    assert "whoever has this file" in written.as_text()


def test_indexes_logs_and_broker_stay_behind(home, tmp_path):
    for name in ("indexes", "logs", "broker"):
        (home.root / name).mkdir(exist_ok=True)
        (home.root / name / "file").write_text("x")

    written = backup.write_backup(home, tmp_path / "b.tar")

    with tarfile.open(written.path) as tar:
        tops = {name.partition("/")[0] for name in tar.getnames()}
    assert tops - {"database.sqlite3", "database.pgdump"} == {"manifest.json", "blobs"}


def test_backup_leaves_nothing_behind_in_the_home(home, archive):
    assert [path.name for path in home.root.iterdir() if path.name.startswith(".")] == []


def test_backup_overwrites_nothing(home, archive):
    before = archive.read_bytes()

    with pytest.raises(backup.BackupError, match="exists already"):
        backup.write_backup(home, archive)

    assert archive.read_bytes() == before


def test_file_that_comes_while_the_database_is_copied_is_in_the_backup(home, tmp_path, monkeypatch):
    copy = backup.copy_database

    def copy_and_upload(stage):
        (home.root / "blobs" / "0a" / "ab" / "late.1").write_bytes(b"late")
        return copy(stage)

    monkeypatch.setattr(backup, "copy_database", copy_and_upload)

    written = backup.write_backup(home, tmp_path / "b.tar")

    with tarfile.open(written.path) as tar:
        assert "blobs/0a/ab/late.1" in tar.getnames()


def test_file_that_goes_while_the_database_is_copied_is_in_the_backup(home, tmp_path, monkeypatch):
    copy = backup.copy_database

    def delete_and_copy(stage):
        copied = copy(stage)
        (home.root / "blobs" / "0a" / "ab" / "cd.1").unlink()
        return copied

    monkeypatch.setattr(backup, "copy_database", delete_and_copy)

    written = backup.write_backup(home, tmp_path / "b.tar")

    with tarfile.open(written.path) as tar:
        assert "blobs/0a/ab/cd.1" in tar.getnames()


def test_home_that_is_not_empty_is_refused_and_left_alone(archive, empty):
    empty.root.mkdir()
    (empty.root / "mine").write_text("keep me")

    with pytest.raises(restore.RestoreError, match="not empty"):
        restore.restore_backup(archive, empty)

    assert [path.name for path in empty.root.iterdir()] == ["mine"]


def flip(files):
    files["blobs/0a/ab/cd.1"] = b"%PDF 0riginal"


def drop(files):
    del files["blobs/0a/ab/cd.1"]


def smuggle(files):
    files["blobs/extra"] = b"x"


def foreign(files):
    files["manifest.json"] = b"{}"


def from_the_future(files):
    manifest = json.loads(files["manifest.json"])
    files["manifest.json"] = json.dumps({**manifest, "format": 99}).encode()


def plant(files):
    manifest = json.loads(files["manifest.json"])
    content = b"import os"
    import hashlib

    manifest["files"]["demo.json"] = {
        "bytes": len(content),
        "sha256": hashlib.sha256(content).hexdigest(),
    }
    files["demo.json"] = content
    files["manifest.json"] = json.dumps(manifest).encode()


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (flip, "damaged"),
        (drop, "incomplete"),
        (smuggle, "does not list"),
        (foreign, "not a backup"),
        (from_the_future, "format"),
        (plant, "no part of a backup"),
    ],
)
def test_archive_that_is_not_as_written_changes_nothing(archive, empty, tmp_path, change, sentence):
    bad = rewritten(archive, tmp_path / "bad.tar", change)

    with pytest.raises(restore.RestoreError, match=sentence):
        restore.restore_backup(bad, empty)

    assert not empty.root.exists()
    assert not list(tmp_path.glob(".restore-*"))


def climb(files):
    files["../outside"] = b"x"


def test_archive_cannot_write_outside_the_home(archive, empty, tmp_path):
    bad = rewritten(archive, tmp_path / "bad.tar", climb)

    with pytest.raises(restore.RestoreError):
        restore.restore_backup(bad, empty)

    assert not (tmp_path / "outside").exists()


@pytest.mark.parametrize("length", [0, 100, 5000])
def test_cut_archive_changes_nothing(archive, empty, length):
    archive.write_bytes(archive.read_bytes()[:length])

    with pytest.raises(restore.RestoreError):
        restore.restore_backup(archive, empty)

    assert not empty.root.exists()


def test_archive_that_is_not_there_is_one_sentence(empty, tmp_path):
    with pytest.raises(restore.RestoreError, match="No such file"):
        restore.restore_backup(tmp_path / "nothing.tar", empty)
