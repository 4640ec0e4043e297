"""Closes the doors, in the one order in which each can still be closed."""

from __future__ import annotations

import ctypes
import os
import resource
from typing import Final

from altiplano_sdk.sandbox_child.landlock import restrict_files
from altiplano_sdk.sandbox_child.seccomp import install_filter
from altiplano_sdk.wire.messages import Start, Started

OPEN_FILES: Final = 64
THREADS: Final = 64
CPU_SECONDS: Final = 3600
"""Of the process's whole life. A call's own bound is wall time, kept from outside."""

_SET_PDEATHSIG: Final = 1
_SET_DUMPABLE: Final = 4
_SIGKILL: Final = 9


def close_doors(start: Start) -> Started:
    """What ``start`` asks for is in force and cannot be taken back. Raises what stands in the way."""
    os.chdir(start.scratch)
    os.umask(0o077)
    _set_limits(start)
    if start.uid is not None:
        os.setgroups([])
        os.setresgid(start.uid, start.uid, start.uid)
        os.setresuid(start.uid, start.uid, start.uid)
    libc = ctypes.CDLL(None, use_errno=True)
    # After the change of account, which forgets both.
    libc.prctl(_SET_PDEATHSIG, _SIGKILL, 0, 0, 0)
    libc.prctl(_SET_DUMPABLE, 0, 0, 0, 0)
    abi = 0
    if start.landlock:
        abi = restrict_files(readable=start.readable, writable=start.writable)
    if start.seccomp:
        install_filter(enclosed=start.enclosed)
    return Started(landlock=abi, seccomp=start.seccomp)


def _set_limits(start: Start) -> None:
    limits = [
        (resource.RLIMIT_AS, start.address_space),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_CPU, CPU_SECONDS),
        (resource.RLIMIT_FSIZE, start.file_bytes),
        (resource.RLIMIT_NOFILE, OPEN_FILES),
    ]
    if start.uid is not None:
        # Counted per account: only an account of its own can be held to a number.
        limits.append((resource.RLIMIT_NPROC, THREADS))
    for limit, value in limits:
        resource.setrlimit(limit, (value, value))
