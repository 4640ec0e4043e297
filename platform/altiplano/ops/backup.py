"""One archive that holds everything which cannot be made again: the database and the files.

Left out: search indexes (rebuilt from the database), the broker's messages (the database knows
every job), logs, and, unless asked for, the secret key. Works while the platform runs.

A document's file may come or go while the copy is made. Files are therefore collected by hard link
before *and* after the database is copied: one that the copied database names existed at that
moment, so it was there before, or it came between the two and is found by the second look.
"""

import errno
import hashlib
import json
import os
import shutil
import sqlite3
import subprocess
import tarfile
import tempfile
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import connection

import altiplano
from altiplano.ops.postgresql_tools import DumpError, dump_database
from altiplano.ops.supervisor.home import PRIVATE_FILE, Home

FORMAT = 1
MANIFEST = "manifest.json"
SQLITE_MEMBER = "database.sqlite3"
POSTGRESQL_MEMBER = "database.pgdump"
KEY_MEMBER = "secret_key"
BLOBS = "blobs"


class BackupError(Exception):
    """No archive was written; the message says why."""


@dataclass(frozen=True, slots=True)
class WrittenBackup:
    path: Path
    files: int
    bytes: int
    has_secret_key: bool

    def as_text(self) -> str:
        key = (
            "The secret key is inside: whoever has this file can read stored model keys."
            if self.has_secret_key
            else "The secret key is not inside: after a restore people sign in again and model "
            "keys are entered again. --with-secret-key includes it."
        )
        return f"{self.path}: {self.files} files, {self.bytes / 1024**2:.1f} MB. {key}"


def write_backup(home: Home, target: Path, *, with_secret_key: bool = False) -> WrittenBackup:
    """``target`` is a complete archive that only its owner may read, or was not made at all.

    Raises BackupError, also when the file is there already.
    """
    if target.exists():
        raise BackupError(f"{target} exists already; name a new file.")
    if not target.absolute().parent.is_dir():
        raise BackupError(f"There is no folder {target.absolute().parent}.")
    try:
        # Beside the blobs, so that collecting them by hard link costs no space.
        with tempfile.TemporaryDirectory(dir=home.root, prefix=".backup-") as folder:
            stage = Path(folder)
            collect_blobs(Path(settings.BLOB_ROOT), stage / BLOBS)
            database = copy_database(stage)
            collect_blobs(Path(settings.BLOB_ROOT), stage / BLOBS)
            if with_secret_key:
                (stage / KEY_MEMBER).write_text(settings.SECRET_KEY, encoding="utf-8")
            manifest = make_manifest(stage, database=database)
            size = write_archive(stage, manifest, target)
    except (OSError, sqlite3.Error, DumpError, subprocess.SubprocessError) as error:
        raise BackupError(f"The backup was not made: {error}") from error
    return WrittenBackup(target, len(manifest["files"]), size, with_secret_key)


def collect_blobs(source: Path, target: Path) -> None:
    """Every file of ``source`` is in ``target`` too; files that are there already stay."""
    for path in source.rglob("*"):
        copy = target / path.relative_to(source)
        if path.is_dir() or copy.exists() or path.suffix == ".part":
            continue
        copy.parent.mkdir(parents=True, exist_ok=True)
        try:
            os.link(path, copy)
        except FileNotFoundError:  # deleted meanwhile; the database does not name it any more
            continue
        except OSError as error:
            if error.errno != errno.EXDEV:
                raise
            shutil.copyfile(path, copy)  # the blobs lie on a disk of their own


def copy_database(stage: Path) -> str:
    """A copy of the database as it was at one moment lies in ``stage``; its vendor's name."""
    if connection.vendor == "sqlite":
        connection.ensure_connection()
        with closing(sqlite3.connect(stage / SQLITE_MEMBER)) as copy:
            connection.connection.backup(copy)
            # One file, and no write-ahead log that someone might forget.
            copy.execute("PRAGMA journal_mode=DELETE")
        return "sqlite"
    dump_database(connection.settings_dict, stage / POSTGRESQL_MEMBER)
    return "postgresql"


def make_manifest(stage: Path, *, database: str) -> dict[str, Any]:
    files = {
        path.relative_to(stage).as_posix(): {"bytes": path.stat().st_size, "sha256": digest(path)}
        for path in sorted(stage.rglob("*"))
        if path.is_file()
    }
    return {
        "format": FORMAT,
        "altiplano": getattr(altiplano, "__version__", ""),
        "created_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "database": database,
        "files": files,
    }


def digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def write_archive(stage: Path, manifest: dict[str, Any], target: Path) -> int:
    """The archive under its final name, flushed to the disk; its size. The manifest comes first."""
    (stage / MANIFEST).write_text(json.dumps(manifest, indent=1), encoding="utf-8")
    partial = target.with_name(target.name + ".part")
    try:
        descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, PRIVATE_FILE)
        with os.fdopen(descriptor, "wb") as file:
            with tarfile.open(fileobj=file, mode="w", format=tarfile.PAX_FORMAT) as archive:
                for name in (MANIFEST, *manifest["files"]):
                    archive.add(stage / name, arcname=name, recursive=False)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(target)
    finally:
        partial.unlink(missing_ok=True)
    return target.stat().st_size
