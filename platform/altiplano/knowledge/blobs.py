"""Original files on disk: one name per document version, one copy per content.

``BLOB_ROOT/<organization>/ab/cdef….<version>``, where ``abcdef…`` is the SHA-256 of the content.
Versions with the same content are hard links to one file, so the file system counts the
references: removing a version removes a name, and the bytes go with the last one. Organizations
never share a file; whether another one has the same document cannot be learned here.
"""

import errno
import hashlib
import os
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings
from django.utils.translation import gettext_lazy as _

from altiplano.kernel.errors import StorageFullError

CHUNK_BYTES = 1024 * 1024
FULL_ERRORS = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


@dataclass(frozen=True, slots=True)
class BlobName:
    """Where the content of one version lies."""

    organization_id: uuid.UUID
    sha256: str
    version_id: uuid.UUID

    @property
    def path(self) -> Path:
        folder = _organization_folder(self.organization_id) / self.sha256[:2]
        return folder / f"{self.sha256[2:]}.{self.version_id.hex}"


@contextmanager
def told_when_full() -> Iterator[None]:
    """A full disk becomes StorageFullError, which an owner and an operator can act on."""
    try:
        yield
    except OSError as error:
        if error.errno in FULL_ERRORS:
            raise StorageFullError(
                _(
                    "The server has no room left for this file. Nothing was stored; try again later "
                    "or tell the operator."
                )
            ) from error
        raise


def hash_file(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def store_blob(
    source: Path, name: BlobName, *, is_ours: bool = False, twin: BlobName | None = None
) -> None:
    """The content of ``source`` is on the disk under ``name``, whole and flushed, or not at all.

    ``is_ours`` promises that nobody will ever write to ``source`` again: it is linked to and not
    copied. ``twin`` has the same content and is linked to if it is still there. Raises
    StorageFullError.
    """
    target = name.path
    with told_when_full():
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        if twin is not None and twin != name and _link(twin.path, target):
            _flush(target.parent)
            return
        if is_ours:
            _flush(source)
        if not (is_ours and _link(source, target)):
            _copy(source, target)
        _flush(target.parent)


def remove_blob(name: BlobName) -> None:
    """The version's file is gone; content that no other version shares is gone with it."""
    name.path.unlink(missing_ok=True)


def remove_blobs_of_organization(organization_id: uuid.UUID) -> None:
    shutil.rmtree(_organization_folder(organization_id), ignore_errors=True)


def stored_version_ids(organization_id: uuid.UUID) -> Iterator[tuple[uuid.UUID, Path]]:
    """Every file of the organization with the version it belongs to, for finding orphans."""
    for path in _organization_folder(organization_id).glob("??/*.*"):
        with suppress(ValueError):
            yield uuid.UUID(path.suffix[1:]), path


def _organization_folder(organization_id: uuid.UUID) -> Path:
    return Path(settings.BLOB_ROOT) / organization_id.hex


def _link(source: Path, target: Path) -> bool:
    """False when the file system cannot link the two, or the source is gone."""
    try:
        os.link(source, target)
    except FileExistsError:
        return True
    except OSError as error:
        if error.errno in FULL_ERRORS:
            raise
        return False
    return True


def _copy(source: Path, target: Path) -> None:
    partial = target.with_name(target.name + ".part")
    try:
        with source.open("rb") as reader, partial.open("wb") as writer:
            shutil.copyfileobj(reader, writer, CHUNK_BYTES)
            writer.flush()
            os.fsync(writer.fileno())
        partial.replace(target)
    finally:
        partial.unlink(missing_ok=True)


def _flush(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    except OSError as error:  # a folder cannot be flushed on every system
        if error.errno in FULL_ERRORS:
            raise
    finally:
        os.close(descriptor)
