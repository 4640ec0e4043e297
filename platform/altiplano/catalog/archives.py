"""The uploaded files of releases, kept among the documents' originals.

``BLOB_ROOT/packages/<release>.altiplano``: backed up with the rest. A worker unpacks what it runs
into a cache of its own.
"""

import errno
import os
import shutil
import uuid
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from django.conf import settings
from django.utils.translation import gettext_lazy as _

from altiplano.kernel.errors import StorageFullError
from altiplano.kernel.ids import new_id

FULL_ERRORS = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
SUFFIX = ".altiplano"


def archive_path(release_id: uuid.UUID) -> Path:
    """Where the file of the release lies."""
    return _folder() / f"{release_id.hex}{SUFFIX}"


def store_archive(source: Path, release_id: uuid.UUID) -> None:
    """A copy of ``source`` is on the disk under the release's name, whole and flushed, or nothing.

    Raises StorageFullError.
    """
    target = archive_path(release_id)
    partial = target.with_name(f"{target.name}.{new_id().hex}.part")
    try:
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with source.open("rb") as reader, partial.open("wb") as writer:
            shutil.copyfileobj(reader, writer)
            writer.flush()
            os.fsync(writer.fileno())
        partial.replace(target)
    except OSError as error:
        if error.errno in FULL_ERRORS:
            raise StorageFullError(
                _(
                    "The server has no room left for this package. Nothing was stored; try again "
                    "later or tell the operator."
                )
            ) from error
        raise
    finally:
        partial.unlink(missing_ok=True)


def remove_archive(release_id: uuid.UUID) -> None:
    archive_path(release_id).unlink(missing_ok=True)


def stored_archives() -> Iterator[tuple[uuid.UUID, Path]]:
    """Every stored file with the release it belongs to, for finding those of none."""
    for path in _folder().glob(f"*{SUFFIX}"):
        with suppress(ValueError):
            yield uuid.UUID(path.name.removesuffix(SUFFIX)), path


def unpacked_folder(digest: str) -> Path:
    """Where a worker unpacks the contents with this digest; a cache."""
    return Path(settings.PLUGIN_ROOT) / digest


def remove_unpacked(digest: str) -> None:
    shutil.rmtree(unpacked_folder(digest), ignore_errors=True)


def _folder() -> Path:
    return Path(settings.BLOB_ROOT) / "packages"
