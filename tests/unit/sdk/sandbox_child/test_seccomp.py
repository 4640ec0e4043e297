"""The filter's program, run by a small machine of our own: what it lets through and what not."""

import errno
import re
import struct
from pathlib import Path

import pytest

from altiplano_sdk.sandbox_child.seccomp import (
    TABLES,
    UNSEEN_BY_LANDLOCK,
    SeccompError,
    build_filter,
)
from altiplano_sdk.sandbox_child.syscalls import AARCH64, X86_64

PID = 4711
ARCH = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
ALLOW, KILL = 0x7FFF0000, 0x80000000
EPERM, ENOSYS = 0x00050000 | errno.EPERM, 0x00050000 | errno.ENOSYS


def run(
    machine: str,
    number: int,
    *arguments: int,
    arch: int | None = None,
    enclosed: bool = True,
) -> int:
    """What the kernel would answer; a program that runs off its end is an IndexError."""
    program = build_filter(machine, PID, enclosed=enclosed)
    code = [struct.unpack_from("=HBBI", program, at) for at in range(0, len(program), 8)]
    data = struct.pack(
        "<IIQ6Q", number, ARCH[machine] if arch is None else arch, 0,
        *(list(arguments) + [0] * 6)[:6],
    )  # fmt: skip
    accumulator, at = 0, 0
    while True:
        operation, if_true, if_false, value = code[at]
        at += 1
        if operation == 0x20:
            accumulator = struct.unpack_from("<I", data, value)[0]
        elif operation == 0x54:
            accumulator &= value
        elif operation == 0x15:
            at += if_true if accumulator == value else if_false
        elif operation == 0x35:
            at += if_true if accumulator >= value else if_false
        else:
            assert operation == 0x06
            return value


@pytest.fixture(params=sorted(TABLES))
def machine(request):
    return request.param


def call(machine: str, name: str, *arguments: int) -> int:
    return run(machine, TABLES[machine][name], *arguments)


@pytest.mark.parametrize("name", ["read", "write", "openat", "mmap", "futex", "exit_group"])
def test_ordinary_work_is_allowed(machine, name):
    assert call(machine, name) == ALLOW


def test_unknown_calls_are_refused(machine):
    for number in (*range(1000), 2**30 - 1):
        if number not in TABLES[machine].values():
            assert run(machine, number) == EPERM


@pytest.mark.parametrize(
    "name",
    [
        "socket", "connect", "bind", "listen", "accept4", "execve", "execveat", "fork", "vfork",
        "ptrace", "mount", "unshare", "setns", "bpf", "io_uring_setup", "keyctl", "userfaultfd",
        "memfd_create", "process_vm_readv", "open_by_handle_at", "pidfd_open", "setrlimit",
        "rt_sigqueueinfo", "tkill", "perf_event_open", "chroot", "setresuid", "setpriority",
    ],
)  # fmt: skip
def test_dangerous_calls_are_not_on_the_list(name):
    assert name not in X86_64
    assert name not in AARCH64


def test_threads_may_be_made_and_processes_not(machine):
    threads = 0x3D0F00
    assert call(machine, "clone", threads) == ALLOW
    assert call(machine, "clone", 17) == EPERM
    assert call(machine, "clone", 0x10000000 | 17) == EPERM
    assert call(machine, "clone3") == ENOSYS


def test_only_a_stream_pair_of_unix_sockets(machine):
    assert call(machine, "socketpair", 1, 1) == ALLOW
    assert call(machine, "socketpair", 1, 1 | 0o2000000 | 0o4000) == ALLOW
    for family, kind in ((1, 2), (1, 5), (2, 1), (1, 3), (16, 3)):
        assert call(machine, "socketpair", family, kind) == EPERM


def test_signals_and_limits_end_at_the_process(machine):
    for name in ("kill", "tgkill"):
        assert call(machine, name, PID, 9) == ALLOW
        for other in (0, 1, PID + 1, 2**32 - 1):
            assert call(machine, name, other, 9) == EPERM
    assert call(machine, "prlimit64", 0) == call(machine, "prlimit64", PID) == ALLOW
    assert call(machine, "prlimit64", PID - 1) == EPERM


def test_prctl_and_ioctl_ask_only(machine):
    assert call(machine, "prctl", 15) == ALLOW
    for option in (1, 4, 22, 38, 24, 47):
        assert call(machine, "prctl", option) == EPERM
    assert call(machine, "ioctl", 0, 0x5401) == ALLOW
    for request in (0x5412, 0x8933, 0x541C):
        assert call(machine, "ioctl", 0, request) == EPERM


@pytest.mark.parametrize("name", sorted(UNSEEN_BY_LANDLOCK))
def test_what_landlock_does_not_see_is_refused_where_others_files_are(machine, name):
    number = TABLES[machine].get(name)
    if number is not None:
        assert run(machine, number, enclosed=True) == ALLOW
        assert run(machine, number, enclosed=False) == EPERM


def test_other_ways_of_calling_the_kernel_end_the_process(machine):
    for arch in (0x40000003, 0x40000028, 0):
        assert run(machine, 1, arch=arch) == KILL
    if machine == "x86_64":
        assert run(machine, 0x40000000 | 41) == KILL


def test_program_is_no_longer_than_the_kernel_takes(machine):
    assert len(build_filter(machine, PID, enclosed=True)) // 8 < 4096


def test_machine_without_a_table_is_refused():
    with pytest.raises(SeccompError, match="riscv64"):
        build_filter("riscv64", 1, enclosed=True)


@pytest.mark.parametrize(
    ("table", "header", "pattern"),
    [
        (X86_64, "/usr/include/x86_64-linux-gnu/asm/unistd_64.h", r"#define __NR_(\w+) (\d+)"),
        (AARCH64, "/usr/include/asm-generic/unistd.h", r"#define __NR(?:3264)?_(\w+)\s+(\d+)"),
    ],
)
def test_numbers_are_the_kernels(table, header, pattern):
    if not Path(header).exists():
        pytest.skip("the kernel's headers are not installed")
    found = dict(re.findall(pattern, Path(header).read_text(encoding="utf-8")))
    aliases = {"newfstatat": "fstatat"}
    for name, number in table.items():
        known = found.get(name, found.get(aliases.get(name, "")))
        assert known is None or int(known) == number
    assert sum(name in found for name in table) > 0.9 * len(table)
