"""Where a collection's index files lie. They are a cache: removing them loses nothing."""

import shutil
import uuid
from pathlib import Path

from django.conf import settings


def index_directory(collection_id: uuid.UUID) -> Path:
    return Path(settings.INDEX_ROOT) / collection_id.hex


def remove_index_files(collection_id: uuid.UUID) -> None:
    """Nothing of the collection's index is left; whoever has a file open keeps reading it."""
    shutil.rmtree(index_directory(collection_id), ignore_errors=True)
