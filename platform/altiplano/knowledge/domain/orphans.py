"""Removing files that no row names: what a crash left between the disk and the database."""

import shutil
import time
import uuid
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from django.conf import settings

from altiplano.accounts.models import Organization
from altiplano.knowledge.blobs import remove_blobs_of_organization, stored_version_ids
from altiplano.knowledge.models import Collection, DocumentVersion

GRACE_SECONDS = 24 * 3600
"""Far longer than any upload takes between writing its file and committing its row."""


def remove_orphans() -> int:
    """Files of versions, collections and organizations that are gone, and of uploads that never
    ended, are removed once they are a day old. Returns how many.
    """
    return _remove_blobs() + _remove_indexes() + _remove_uploads()


def _remove_blobs() -> int:
    removed = 0
    for organization_id, folder in _named_by_id(Path(settings.BLOB_ROOT)):
        if not Organization.objects.filter(pk=organization_id).exists():
            if _is_old(folder):
                remove_blobs_of_organization(organization_id)
                removed += 1
            continue
        old = {
            version_id: path
            for version_id, path in stored_version_ids(organization_id)
            if _is_old(path)
        }
        known = set(
            DocumentVersion.objects.within(organization_id)
            .filter(pk__in=old)
            .values_list("pk", flat=True)
        )
        for version_id in old.keys() - known:
            old[version_id].unlink(missing_ok=True)
            removed += 1
    return removed


def _remove_indexes() -> int:
    """Also the series of collections whose embedder was replaced."""
    series: dict[uuid.UUID, list[tuple[int, Path]]] = {}
    for collection_id, number, path in _series(Path(settings.INDEX_ROOT)):
        if _is_old(path):
            series.setdefault(collection_id, []).append((number, path))
    present = {
        collection.id: collection for collection in Collection.unscoped.filter(pk__in=series)
    }
    removed = 0
    for collection_id, found in series.items():
        for number, path in found:
            if not _is_used(present.get(collection_id), number):
                shutil.rmtree(path, ignore_errors=True)
                removed += 1
    return removed


def _series(folder: Path) -> Iterator[tuple[uuid.UUID, int, Path]]:
    """Folders that are named after a collection, with the number of their series."""
    if folder.is_dir():
        for path in folder.iterdir():
            name, _dot, number = path.name.partition(".")
            with suppress(ValueError):
                yield uuid.UUID(name), int(number or 0), path


def _is_used(collection: Collection | None, series: int) -> bool:
    """The series that answers, and the one that is to."""
    if collection is None:
        return False
    answering = collection.index_series
    return series == answering or (series == answering + 1 and bool(collection.next_embedder))


def _remove_uploads() -> int:
    """Also folders of fetches, and copies into the blobs, that a crash cut off."""
    removed = 0
    places = (
        *Path(settings.UPLOAD_ROOT).glob("*.upload*"),
        *Path(settings.BLOB_ROOT).glob("*/??/*.part"),
    )
    for path in places:
        if _is_old(path):
            if path.is_dir():
                shutil.rmtree(path, ignore_errors=True)
            else:
                path.unlink(missing_ok=True)
            removed += 1
    return removed


def _named_by_id(folder: Path) -> Iterator[tuple[uuid.UUID, Path]]:
    """Entries of the folder that are named after an id."""
    if folder.is_dir():
        for path in folder.iterdir():
            with suppress(ValueError):
                yield uuid.UUID(path.name), path


def _is_old(path: Path) -> bool:
    try:
        return time.time() - path.stat().st_mtime > GRACE_SECONDS
    except FileNotFoundError:  # removed at this moment
        return False
