"""Where a collection's index files lie. They are a cache: removing them loses nothing."""

import shutil
import uuid
from collections.abc import Iterator
from pathlib import Path

from django.conf import settings


def index_directory(collection_id: uuid.UUID, series: int = 0) -> Path:
    """Each series holds vectors of one embedder; the next one is built beside the one that answers."""
    name = f"{collection_id.hex}.{series}" if series else collection_id.hex
    return Path(settings.INDEX_ROOT) / name


def series_on_disk(collection_id: uuid.UUID) -> Iterator[tuple[int, Path]]:
    """Every series of the collection that has a folder."""
    first = index_directory(collection_id)
    if first.is_dir():
        yield 0, first
    for path in first.parent.glob(f"{collection_id.hex}.*"):
        if path.suffix[1:].isdigit():
            yield int(path.suffix[1:]), path


def remove_index_files(collection_id: uuid.UUID, *, keep: frozenset[int] = frozenset()) -> None:
    """Nothing of the collection's index is left but the series to keep; whoever has a file open
    keeps reading it.
    """
    for series, path in list(series_on_disk(collection_id)):
        if series not in keep:
            shutil.rmtree(path, ignore_errors=True)
