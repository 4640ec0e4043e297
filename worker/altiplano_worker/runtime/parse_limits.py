"""What the operating system is asked to enforce on the reading process.

Limits on memory and processor time are set anew for each file, on top of what the process
already uses; the others hold for its whole life. On Windows the worker's own clock is the only
limit: there is nothing else to ask.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

_TEMPORARY_BYTES = 256 * 1024 * 1024
_OPEN_FILES = 64
_NICENESS = 10
_PR_SET_PDEATHSIG = 1


def live_modestly(parent: int) -> None:
    """For the whole process: no core dumps, no files written, few files open, low priority, and
    death together with the worker whose process id is ``parent``.
    """
    if sys.platform == "win32":
        return
    import os
    import resource

    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, _TEMPORARY_BYTES))
    resource.setrlimit(resource.RLIMIT_NOFILE, (_OPEN_FILES, _OPEN_FILES))
    os.nice(_NICENESS)
    if sys.platform == "linux":
        _die_with_parent()
    if os.getppid() != parent:  # it died before the kernel was told to watch it
        raise SystemExit(0)


def _die_with_parent() -> None:
    import ctypes
    import signal

    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


@contextmanager
def files_allowed() -> Iterator[None]:
    """Temporary files may be written inside the block, by libraries that unpack their own data."""
    if sys.platform == "win32":
        yield
        return
    import resource

    _set_soft(resource.RLIMIT_FSIZE, _TEMPORARY_BYTES)
    try:
        yield
    finally:
        _set_soft(resource.RLIMIT_FSIZE, 0)


def limit_next_file(*, memory_bytes: int, seconds: float) -> None:
    """Allows ``memory_bytes`` of address space and a little more than ``seconds`` of processor
    time beyond what is used now. The worker's clock strikes first; this is for when it cannot.
    """
    if sys.platform == "win32":
        return
    import resource
    import time

    spent = time.process_time()
    _set_soft(resource.RLIMIT_CPU, int(spent + seconds) + 5)
    if sys.platform == "linux":
        _set_soft(resource.RLIMIT_AS, _address_space() + memory_bytes)


def lift_memory_limit() -> None:
    """Takes back the limit on memory, for work that does not depend on the file."""
    if sys.platform == "linux":
        import resource

        _set_soft(resource.RLIMIT_AS, resource.RLIM_INFINITY)


def resident_bytes() -> int:
    """Memory this process holds now; 0 where that cannot be told."""
    return _statm(1)


def _address_space() -> int:
    return _statm(0)


def _statm(column: int) -> int:
    if sys.platform != "linux":
        return 0
    import resource

    with open("/proc/self/statm", encoding="ascii") as file:  # noqa: PTH123 - no import of pathlib
        return int(file.read().split()[column]) * resource.getpagesize()


def _set_soft(kind: int, value: int) -> None:
    """The hard limit stays, so that the next file can be given more."""
    import resource

    _, hard = resource.getrlimit(kind)
    soft = value if hard == resource.RLIM_INFINITY else min(value, hard)
    resource.setrlimit(kind, (soft, hard))
