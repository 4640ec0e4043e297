"""From an archive back into a home: everything is checked before anything is put in place."""

import json
import shutil
import tarfile
import tempfile
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import Any

from altiplano.config import env
from altiplano.ops.backup import (
    BLOBS,
    FORMAT,
    KEY_MEMBER,
    MANIFEST,
    POSTGRESQL_MEMBER,
    SQLITE_MEMBER,
    digest,
)
from altiplano.ops.postgresql_tools import DumpError, load_database
from altiplano.ops.supervisor.home import PRIVATE_FILE, PRIVATE_FOLDER, Home, prepare_home

DATABASE_FILE = "db.sqlite3"


class RestoreError(Exception):
    """Nothing was restored; the message says why."""


def restore_backup(source: Path, home: Home) -> str:
    """The home holds what the archive holds; a sentence about what to do next.

    The home must be empty or absent. Every file is compared with the manifest's checksum before the
    home is touched; a damaged archive, a foreign one or one with extra files changes nothing. Search
    indexes are rebuilt by the next ``altiplano up``. Raises RestoreError.
    """
    if home.root.exists() and any(home.root.iterdir()):
        raise RestoreError(
            f"{home.root} is not empty. Restore into a new folder: set ALTIPLANO_HOME to one."
        )
    home.root.parent.mkdir(parents=True, exist_ok=True)
    stage = Path(tempfile.mkdtemp(dir=home.root.parent, prefix=".restore-"))
    try:
        manifest = unpack(source, stage)
        check_files(stage, manifest)
        _place_database(stage, manifest)
        (stage / MANIFEST).unlink()
        stage.chmod(PRIVATE_FOLDER)
        if (stage / KEY_MEMBER).exists():
            (stage / KEY_MEMBER).chmod(PRIVATE_FILE)
        if home.root.exists():
            home.root.rmdir()
        stage.replace(home.root)
    except (OSError, tarfile.TarError, DumpError) as error:
        raise RestoreError(f"{source} was not restored: {error}") from error
    finally:
        shutil.rmtree(stage, ignore_errors=True)
    prepare_home(home.root)
    return _next_steps(manifest)


def unpack(source: Path, stage: Path) -> Mapping[str, Any]:
    """The archive's files lie in ``stage``; its manifest. Names can only lead into ``stage``."""
    with tarfile.open(source, mode="r:") as archive:
        archive.extractall(stage, filter="data")
    try:
        manifest = json.loads((stage / MANIFEST).read_text(encoding="utf-8"))
        if manifest["format"] != FORMAT or not isinstance(manifest["files"], dict):
            raise RestoreError(f"{source} was written in a format that this version cannot read.")
    except (OSError, ValueError, KeyError, TypeError):
        raise RestoreError(f"{source} is not a backup of Altiplano.") from None
    return manifest  # type: ignore[no-any-return]


def check_files(stage: Path, manifest: Mapping[str, Any]) -> None:
    """Exactly the files of the manifest are there, each as it was. Raises RestoreError."""
    present = {path.relative_to(stage).as_posix() for path in stage.rglob("*") if not path.is_dir()}
    expected = {MANIFEST, *manifest["files"]}
    for name in sorted(expected - present):
        raise RestoreError(f"The archive is incomplete: {name} is missing.")
    for name in sorted(present - expected):
        raise RestoreError(f"The archive holds something that it does not list: {name}.")
    for name, said in manifest["files"].items():
        if PurePosixPath(name).parts[0] not in {
            BLOBS,
            KEY_MEMBER,
            SQLITE_MEMBER,
            POSTGRESQL_MEMBER,
        }:
            raise RestoreError(f"The archive holds something that is no part of a backup: {name}.")
        path = stage / name
        if path.stat().st_size != said["bytes"] or digest(path) != said["sha256"]:
            raise RestoreError(f"The archive is damaged: {name} is not what was written.")


def _place_database(stage: Path, manifest: Mapping[str, Any]) -> None:
    url = env.read_secret("DATABASE_URL")
    wants_postgresql = url.startswith(("postgres://", "postgresql://"))
    if manifest["database"] == "sqlite":
        if wants_postgresql:
            raise RestoreError(
                "The backup holds an SQLite database, but ALTIPLANO_DATABASE_URL names PostgreSQL. "
                "Restore without that variable."
            )
        (stage / SQLITE_MEMBER).rename(stage / DATABASE_FILE)
        return
    if not wants_postgresql:
        raise RestoreError(
            "The backup holds a PostgreSQL database. Set ALTIPLANO_DATABASE_URL to an empty one."
        )
    load_database(env.read_database("DATABASE_URL", ""), stage / POSTGRESQL_MEMBER)
    (stage / POSTGRESQL_MEMBER).unlink()


def _next_steps(manifest: Mapping[str, Any]) -> str:
    key = (
        ""
        if KEY_MEMBER in manifest["files"]
        else " It had no secret key: people sign in again, and stored model keys are entered again."
    )
    return (
        f"Restored {len(manifest['files'])} files of {manifest['created_at']}.{key} "
        "`altiplano up` starts it and rebuilds the search indexes."
    )
