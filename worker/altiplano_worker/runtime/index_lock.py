"""One writer per index directory, also between processes."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from altiplano_worker.runtime.index_errors import IndexBusyError

_POLL_SECONDS = 0.02

if sys.platform == "win32":
    import msvcrt

    def _try_lock(file: IO[bytes]) -> bool:
        try:
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True

else:
    import fcntl

    def _try_lock(file: IO[bytes]) -> bool:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True


@contextmanager
def exclusive_lock(path: Path, *, seconds: float) -> Iterator[None]:
    """Within the block no other thread or process holds the lock of ``path``.

    The operating system releases it when the process dies, so there is no stale lock to break.
    Raises IndexBusyError when the lock is not free within ``seconds``.
    """
    deadline = time.monotonic() + seconds
    with path.open("ab") as file:
        while not _try_lock(file):
            if time.monotonic() >= deadline:
                raise IndexBusyError("Another process is writing this collection's index.")
            time.sleep(_POLL_SECONDS)
        yield
