"""How strong a sandbox this machine allows, and which of the ways to it is taken."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import sys
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Final

import altiplano_sdk as sdk
from altiplano_sdk.sandbox_child.landlock import landlock_abi
from altiplano_sdk.sandbox_child.seccomp import TABLES
from altiplano_worker.runtime.sandbox.layout import child_layout

LEAST_LANDLOCK: Final = 1
_PROBE_SECONDS: Final = 10.0


class SandboxLevel(StrEnum):
    """Strongest first. ``none`` separates the process and bounds it, and isolates nothing."""

    BUBBLEWRAP = "bubblewrap"
    LANDLOCK = "landlock"
    NONE = "none"


class NoSandboxError(sdk.PermanentError):
    """This machine cannot hold a plugin from outside; the message says what would help."""

    code = "no_sandbox"


@cache
def available_levels() -> tuple[SandboxLevel, ...]:
    """What works here, strongest first, tried once per process. May be empty."""
    if sys.platform != "linux" or platform.machine() not in TABLES:
        return ()
    found = []
    if bubblewrap_path() is not None and _bubblewrap_works():
        found.append(SandboxLevel.BUBBLEWRAP)
    if landlock_abi() >= LEAST_LANDLOCK and (os.geteuid() != 0 or _python_is_open()):
        found.append(SandboxLevel.LANDLOCK)
    return tuple(found)


def choose_level(*, wanted: SandboxLevel | None = None) -> SandboxLevel:
    """The strongest level that works, or ``wanted`` if it does.

    ``none`` must be wanted in so many words. Raises NoSandboxError.
    """
    if wanted is SandboxLevel.NONE:
        return wanted
    for level in available_levels():
        if wanted in {None, level}:
            return level
    raise NoSandboxError(
        "This machine has no sandbox for plugins from outside. Install bubblewrap and allow user "
        "namespaces, or use a kernel with Landlock and a Python that every account can read."
    )


@cache
def bubblewrap_path() -> str | None:
    return shutil.which("bwrap", path=os.defpath + ":/usr/local/bin")


def _python_is_open() -> bool:
    """Root gives each plugin an account of its own, which must be able to read Python."""
    layout = child_layout()
    return all(map(_is_readable_by_all, (*layout.python, *layout.modules.values())))


def _is_readable_by_all(path: Path) -> bool:
    path = path.resolve()
    enterable = all(parent.stat().st_mode & 0o001 for parent in path.parents)
    return enterable and bool(path.stat().st_mode & 0o004)


def _bubblewrap_works() -> bool:
    """Namespaces may be forbidden although the program is there."""
    tried = subprocess.run(
        [str(bubblewrap_path()), "--unshare-pid", "--unshare-net", "--ro-bind", "/", "/", "true"],
        check=False,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env={"PATH": os.defpath},
        timeout=_PROBE_SECONDS,
    )
    return tried.returncode == 0
