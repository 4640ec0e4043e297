# ruff: noqa: ARG001, INP001 - every door is given the same, and a package starts at its code
"""Tries every door from inside a sandbox and tells which of them opened.

Runs as a plugin does, for the self-test: it uses what Python gives to everybody, and reports
instead of doing harm.
"""

import contextlib
import ctypes
import errno
import importlib
import json
import os
import platform
import socket
import stat
import tempfile
from collections.abc import Callable, Iterator
from typing import Any

import altiplano_sdk as sdk

_DENIED = {errno.EPERM, errno.EACCES, errno.ENOSYS}

# By name: numbers on x86_64 and aarch64, and arguments that do nothing even if they are let in.
_CALLS: dict[str, tuple[int, int, tuple[int, ...]]] = {
    "add_key": (248, 217, ()),
    "bpf": (321, 280, (-1,)),
    "clone3": (435, 435, ()),
    "init_module": (175, 105, ()),
    "io_uring_setup": (425, 425, ()),
    "keyctl": (250, 219, (-1,)),
    "memfd_create": (319, 279, ()),
    "mount": (165, 40, ()),
    "open_by_handle_at": (304, 265, ()),
    "perf_event_open": (298, 241, ()),
    "pidfd_open": (434, 434, (-1,)),
    "pivot_root": (155, 41, ()),
    "process_vm_readv": (310, 270, ()),
    "ptrace": (101, 117, (2,)),
    "setns": (308, 268, (-1,)),
    "unshare": (272, 97, (0x10000000,)),
    "userfaultfd": (323, 282, (-1,)),
}


class Plugin:
    """A tool: its arguments say what lies outside, its content is the list of open doors."""

    name = "probe"
    description = "Tries every door of the sandbox."
    parameters: dict[str, Any] = {"type": "object"}

    def __init__(self, config: Any) -> None:
        self._doors: dict[str, Callable[[dict[str, Any]], Iterator[str]]] = {
            "environment": _environment,
            "files": _files,
            "writing": _writing,
            "network": _network,
            "processes": _processes,
            "kernel": _kernel,
            "descriptors": _descriptors,
            "memory": _memory,
        }

    async def call(self, arguments: dict[str, Any], ctx: sdk.Context) -> sdk.ToolResult:
        """What each door let through: nothing, if it is closed."""
        opened = {name: list(door(arguments))[:10] for name, door in self._doors.items()}
        return sdk.ToolResult(json.dumps({**opened, "missing": list(_missing())}))


def _missing() -> Iterator[str]:
    """Parts of Python that must be there: what closes too much is no sandbox either."""
    for name in ("colorsys", "mmap", "xml.dom.minidom"):
        try:
            importlib.import_module(name)
        except ImportError:
            yield name


def _environment(outside: dict[str, Any]) -> Iterator[str]:
    for name in os.environ:
        if name not in outside["environment"]:
            yield f"the variable {name}"


def _files(outside: dict[str, Any]) -> Iterator[str]:
    for path in outside["files"]:
        with contextlib.suppress(OSError):
            if os.path.isdir(path):  # noqa: PTH112 - no exception for what cannot be seen
                os.listdir(path)  # noqa: PTH208
            else:
                with open(path, "rb") as file:  # noqa: PTH123
                    file.read(1)
            yield path


def _writing(outside: dict[str, Any]) -> Iterator[str]:
    for folder in ("/", "/dev/shm", "/var/tmp", "/usr/lib", *outside["folders"]):  # noqa: S108
        with contextlib.suppress(OSError):
            handle, path = tempfile.mkstemp(dir=folder)
            os.close(handle)
            os.unlink(path)  # noqa: PTH108
            yield folder


def _network(outside: dict[str, Any]) -> Iterator[str]:
    families = ("AF_INET", "AF_INET6", "AF_UNIX", "AF_NETLINK", "AF_PACKET", "AF_VSOCK")
    for family in families:
        for kind in ("SOCK_STREAM", "SOCK_DGRAM", "SOCK_RAW"):
            with contextlib.suppress(OSError, AttributeError):
                socket.socket(getattr(socket, family), getattr(socket, kind)).close()
                yield f"a socket {family} {kind}"
    with contextlib.suppress(OSError):
        for one in socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM):
            one.close()
        yield "a pair of datagram sockets"


def _processes(outside: dict[str, Any]) -> Iterator[str]:
    with contextlib.suppress(OSError):
        child = os.fork()
        if child == 0:
            os._exit(0)
        os.waitpid(child, 0)
        yield "a new process"
    for pid in {os.getppid(), outside["pid"], 1} - {0, os.getpid()}:
        with contextlib.suppress(OSError):
            os.kill(pid, 0)
            yield f"a signal to process {pid}"


def _kernel(outside: dict[str, Any]) -> Iterator[str]:
    libc = ctypes.CDLL(None, use_errno=True)
    column = 0 if platform.machine() == "x86_64" else 1
    for name, call in _CALLS.items():
        ctypes.set_errno(0)
        result = libc.syscall(call[column], *call[2], 0, 0, 0, 0)
        if result >= 0 or ctypes.get_errno() not in _DENIED:
            yield f"the system call {name}"


def _descriptors(outside: dict[str, Any]) -> Iterator[str]:
    for number in range(64):
        with contextlib.suppress(OSError):
            mode = os.fstat(number).st_mode
            if stat.S_ISREG(mode) or stat.S_ISDIR(mode) or stat.S_ISBLK(mode):
                yield f"the open file {number}"


def _memory(outside: dict[str, Any]) -> Iterator[str]:
    with contextlib.suppress(MemoryError):
        bytearray(outside["memory_bytes"])
        yield f"{outside['memory_bytes']} bytes of memory"
