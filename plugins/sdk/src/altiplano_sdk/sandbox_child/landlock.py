"""Which files the plugin may open, kept by the kernel for the rest of the process's life.

Landlock needs no rights and cannot be undone. It knows files since its first version, TCP since
the fourth, signals and abstract sockets since the sixth; what a kernel does not know it does not
deny, and the filter of system calls closes the rest.
"""

from __future__ import annotations

import ctypes
import os
import struct
from collections.abc import Sequence
from typing import Final

_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
_ASK_VERSION: Final = 1
_PATH_BENEATH: Final = 1
_SET_NO_NEW_PRIVS: Final = 38

_EXECUTE, _WRITE_FILE, _READ_FILE, _READ_DIR = 1 << 0, 1 << 1, 1 << 2, 1 << 3
_REMOVE_DIR, _REMOVE_FILE, _MAKE_DIR, _MAKE_REG = 1 << 4, 1 << 5, 1 << 7, 1 << 8
_MAKE_SYM, _REFER, _TRUNCATE, _IOCTL_DEV = 1 << 12, 1 << 13, 1 << 14, 1 << 15
_FILES_V1: Final = (1 << 13) - 1
_TCP: Final = 0b11
_SCOPES: Final = 0b11

_READ: Final = _READ_FILE | _READ_DIR
_WRITE: Final = (
    _READ | _WRITE_FILE | _REMOVE_DIR | _REMOVE_FILE | _MAKE_DIR | _MAKE_REG | _MAKE_SYM
    | _REFER | _TRUNCATE
)  # fmt: skip
_OF_A_FILE: Final = _EXECUTE | _WRITE_FILE | _READ_FILE | _TRUNCATE | _IOCTL_DEV


class LandlockError(Exception):
    """The kernel has no Landlock, or refused the rules."""


def landlock_abi() -> int:
    """The version that the kernel speaks; 0 when it has none or it is switched off."""
    found: int = ctypes.CDLL(None).syscall(_CREATE_RULESET, None, 0, _ASK_VERSION)
    return max(found, 0)


def restrict_files(*, readable: Sequence[str], writable: Sequence[str]) -> int:
    """Only what lies in these paths can be opened from now on; returns the version in force.

    With newer kernels TCP is closed as well, and signals and abstract sockets end at the process.
    Must run while there is one thread. Paths that do not exist are left out. Raises LandlockError.
    """
    abi = landlock_abi()
    if abi == 0:
        raise LandlockError("the kernel has no Landlock")
    handled = _handled_files(abi)
    libc = ctypes.CDLL(None, use_errno=True)
    ruleset = _create_ruleset(libc, abi, handled)
    try:
        for paths, rights in ((readable, _READ), (writable, _WRITE)):
            for path in paths:
                _allow(libc, ruleset, path, rights & handled)
        if libc.prctl(_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0:
            raise LandlockError("the process cannot give up gaining rights")
        if libc.syscall(_RESTRICT_SELF, ruleset, 0) != 0:
            raise LandlockError(os.strerror(ctypes.get_errno()))
    finally:
        os.close(ruleset)
    return abi


def _handled_files(abi: int) -> int:
    handled = _FILES_V1
    if abi >= 2:
        handled |= _REFER
    if abi >= 3:
        handled |= _TRUNCATE
    if abi >= 5:
        handled |= _IOCTL_DEV
    return handled


def _create_ruleset(libc: ctypes.CDLL, abi: int, handled: int) -> int:
    parts = [handled]
    if abi >= 4:
        parts.append(_TCP)
    if abi >= 6:
        parts.append(_SCOPES)
    attributes = struct.pack(f"={len(parts)}Q", *parts)
    ruleset: int = libc.syscall(
        _CREATE_RULESET, ctypes.c_char_p(attributes), ctypes.c_size_t(len(attributes)), 0
    )
    if ruleset < 0:
        raise LandlockError(os.strerror(ctypes.get_errno()))
    return ruleset


def _allow(libc: ctypes.CDLL, ruleset: int, path: str, rights: int) -> None:
    try:
        place = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        return
    try:
        if not os.path.isdir(path):  # noqa: PTH112 - no pathlib before the doors are closed
            rights &= _OF_A_FILE
        rule = struct.pack("=Qi", rights, place)
        if libc.syscall(_ADD_RULE, ruleset, _PATH_BENEATH, ctypes.c_char_p(rule), 0) != 0:
            raise LandlockError(os.strerror(ctypes.get_errno()))
    finally:
        os.close(place)
