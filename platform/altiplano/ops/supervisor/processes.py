"""What differs between operating systems: leashes, groups, locks and the age of a process."""

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

PR_SET_PDEATHSIG = 1

PROC = Path("/proc")


def parent_death_leash() -> Callable[[], None] | None:
    """A function for the child to call before it becomes the program: it gets SIGTERM when its
    parent dies, however the parent dies. None where the system has no such thing."""
    if sys.platform != "linux":
        return None
    prctl = ctypes.CDLL(None, use_errno=True).prctl
    parent = os.getpid()

    def hold() -> None:
        prctl(PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)
        if os.getppid() != parent:  # the parent died before the leash was on
            os.kill(os.getpid(), signal.SIGTERM)

    return hold


def signal_group(pid: int, *, kill: bool) -> None:
    """The process and all it started in its group are told to end, or ended."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        if sys.platform == "win32":
            os.kill(pid, signal.SIGTERM)
        else:
            os.killpg(pid, signal.SIGKILL if kill else signal.SIGTERM)


def group_exists(pid: int) -> bool:
    """Whether any process of the group that ``pid`` leads is left."""
    if sys.platform == "win32":
        return process_started_at(pid) is not None
    try:
        os.killpg(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def process_started_at(pid: int) -> str | None:
    """Something that tells this process from any later one with the same number; None when gone.

    A zombie counts as gone: it runs nothing any more.
    """
    if sys.platform == "linux":
        try:
            stat = (PROC / str(pid) / "stat").read_text(encoding="ascii", errors="replace")
        except OSError:
            return None
        fields = stat.rpartition(")")[2].split()
        return None if fields[0] in {"Z", "X"} else fields[19]
    if sys.platform == "win32":
        return None
    listing = subprocess.run(
        ["/bin/ps", "-o", "lstart=", "-p", str(pid)], capture_output=True, text=True, check=False
    )
    return listing.stdout.strip() or None


@contextlib.contextmanager
def locked(path: Path) -> Iterator[bool]:
    """True while this process alone holds the file; False when another one does.

    The operating system lets go of it when the holder dies, so no stale lock can be left.
    """
    with path.open("a+b") as file:
        if not _try_lock(file.fileno()):
            yield False
            return
        yield True


def _try_lock(descriptor: int) -> bool:
    try:
        if sys.platform == "win32":
            import msvcrt

            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
