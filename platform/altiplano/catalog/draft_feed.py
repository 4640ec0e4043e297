"""What an author hears of a draft that runs: its log, its stages, how each run ended.

A Redis Stream per package, written by workers and read by whoever develops the draft. A copy for
the moment; nothing depends on it.
"""

import uuid
from typing import Final

KEEP_SECONDS: Final = 3600
MAX_ENTRIES: Final = 2000
TYPE_FIELD: Final = b"t"
DATA_FIELD: Final = b"d"


def feed_key(package_id: uuid.UUID) -> str:
    return f"altiplano:plugin-draft:{package_id}"
