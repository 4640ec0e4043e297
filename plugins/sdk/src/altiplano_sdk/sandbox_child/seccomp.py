"""Which system calls the plugin may make: a list of what is allowed, and nothing else.

What Python, its threads and its libraries need for work on memory and on files that are open to
them. Not on it: new processes and programs, sockets (but for the pair that an event loop wakes
itself with), signals to others, mounts, namespaces, tracing, keys, io_uring, BPF. A call that is
not on the list fails with EPERM, or ENOSYS where libraries then try an older form that can be
judged by its arguments, which are not visible to a filter behind a pointer.
"""

from __future__ import annotations

import ctypes
import errno
import os
import platform
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from altiplano_sdk.sandbox_child.syscalls import AARCH64, X86_64

_AUDIT_ARCH: Final = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
TABLES: Final[Mapping[str, Mapping[str, int]]] = {"x86_64": X86_64, "aarch64": AARCH64}
_X32_BIT: Final = 0x40000000

# struct seccomp_data: nr, arch, instruction pointer, six 64-bit arguments, all little-endian.
_NUMBER: Final = 0
_ARCH: Final = 4
_ARGUMENTS: Final = 16

_LOAD, _JEQ, _JSET, _JGE, _AND, _RETURN = 0x20, 0x15, 0x45, 0x35, 0x54, 0x06
_KILL: Final = 0x80000000
_ALLOW: Final = 0x7FFF0000
_ERRNO: Final = 0x00050000

_SET_NO_NEW_PRIVS: Final = 38
_SET_SECCOMP: Final = 22
_FILTER_MODE: Final = 2

_CLONE_THREAD: Final = 0x00010000
_AF_UNIX: Final = 1
_SOCK_STREAM: Final = 1
_SOCK_TYPE_MASK: Final = 0xF
_PRCTLS: Final = (15, 16, 0x53564D41)  # PR_SET_NAME, PR_GET_NAME, PR_SET_VMA
# TCGETS, TIOCGWINSZ, FIONREAD, FIONBIO, FIONCLEX, FIOCLEX: asking, and flags of own descriptors.
_IOCTLS: Final = (0x5401, 0x5413, 0x541B, 0x5421, 0x5450, 0x5451)


@dataclass(frozen=True, slots=True)
class Test:
    """True when ``argument & mask`` is one of ``values``; about the lower 32 bits."""

    argument: int
    values: tuple[int, ...]
    mask: int = 0xFFFFFFFF


Rules = Mapping[str, tuple[Test, ...]]


def judged_calls(pid: int) -> Rules:
    """Calls that are allowed only if all tests on their arguments are true."""
    return {
        "clone": (Test(0, (_CLONE_THREAD,), _CLONE_THREAD),),
        # A pair of datagram sockets could send to any address; a stream pair reaches only itself.
        "socketpair": (Test(0, (_AF_UNIX,)), Test(1, (_SOCK_STREAM,), _SOCK_TYPE_MASK)),
        "prctl": (Test(0, _PRCTLS),),
        "ioctl": (Test(1, _IOCTLS),),
        "prlimit64": (Test(0, (0, pid)),),
        "kill": (Test(0, (pid,)),),
        "tgkill": (Test(0, (pid,)),),
    }


REFUSED_AS_UNKNOWN: Final = ("clone3",)
"""Its flags lie behind a pointer; C libraries then make threads with ``clone``."""

UNSEEN_BY_LANDLOCK: Final = frozenset(
    {
        "chmod", "fchmod", "fchmodat", "futimesat", "truncate", "utime", "utimensat", "utimes",
    }
)  # fmt: skip
"""Changes to files that Landlock lets through (or did before its third version), whatever the path.
Only where the files of others are not there at all may a plugin make them."""

_NEVER_PLAIN: Final = frozenset({*judged_calls(0), *REFUSED_AS_UNKNOWN})


class SeccompError(Exception):
    """The filter cannot be installed on this machine."""


def build_filter(machine: str, pid: int, *, enclosed: bool) -> bytes:
    """The program for the process ``pid`` on ``machine``, as the kernel reads it.

    ``enclosed`` says that the process sees no files but its own. Raises SeccompError for an
    architecture without a table.
    """
    table = TABLES.get(machine)
    if table is None:
        raise SeccompError(f"no table of system calls for {machine}")
    judged = judged_calls(pid)
    program = [
        *_statement(_LOAD, _ARCH),
        *_jump(_JEQ, _AUDIT_ARCH[machine], 1, 0),
        *_statement(_RETURN, _KILL),
        *_statement(_LOAD, _NUMBER),
    ]
    if machine == "x86_64":
        program += [*_jump(_JGE, _X32_BIT, 0, 1), *_statement(_RETURN, _KILL)]
    for name in REFUSED_AS_UNKNOWN:
        if name in table:
            program += _on(table[name], _ERRNO | errno.ENOSYS)
    for name, tests in judged.items():
        if name in table:
            program += _judge(table[name], tests)
    refused = _NEVER_PLAIN if enclosed else _NEVER_PLAIN | UNSEEN_BY_LANDLOCK
    for name in sorted(set(table) - refused):
        program += _on(table[name], _ALLOW)
    program += _statement(_RETURN, _ERRNO | errno.EPERM)
    return b"".join(program)


def install_filter(*, enclosed: bool) -> None:
    """From now on this process and its threads make only the calls of the list, for good.

    Must run while there is one thread. Raises SeccompError.
    """
    program = build_filter(platform.machine(), os.getpid(), enclosed=enclosed)
    libc = ctypes.CDLL(None, use_errno=True)
    code = ctypes.create_string_buffer(program, len(program))
    # struct sock_fprog: a 16-bit count, padding, a pointer.
    head = struct.pack("@HxxxxxxQ", len(program) // 8, ctypes.addressof(code))
    if libc.prctl(_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0:
        raise SeccompError("the process cannot give up gaining rights")
    if libc.prctl(_SET_SECCOMP, _FILTER_MODE, ctypes.c_char_p(head), 0, 0) != 0:
        raise SeccompError(f"the kernel refused the filter: {os.strerror(ctypes.get_errno())}")


def _statement(code: int, value: int) -> Sequence[bytes]:
    return (struct.pack("=HBBI", code, 0, 0, value),)


def _jump(code: int, value: int, if_true: int, if_false: int) -> Sequence[bytes]:
    return (struct.pack("=HBBI", code, if_true, if_false, value),)


def _on(number: int, action: int) -> list[bytes]:
    return [*_jump(_JEQ, number, 0, 1), *_statement(_RETURN, action)]


def _judge(number: int, tests: Sequence[Test]) -> list[bytes]:
    """Allow or refuse ``number`` by its arguments; every other call goes on behind this block."""
    block: list[bytes] = []
    for test in tests:
        block += _statement(_LOAD, _ARGUMENTS + 8 * test.argument)
        if test.mask != 0xFFFFFFFF:
            block += _statement(_AND, test.mask)
        for left, value in zip(range(len(test.values) - 1, -1, -1), test.values, strict=True):
            # Over the other values and the refusal that follows them.
            block += _jump(_JEQ, value, left + 1, 0)
        block += _statement(_RETURN, _ERRNO | errno.EPERM)
    block += _statement(_RETURN, _ALLOW)
    return [*_jump(_JEQ, number, 0, len(block)), *block]
