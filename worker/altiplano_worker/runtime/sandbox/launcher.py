"""Starts the process of a plugin, at each level of isolation."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from altiplano_sdk.sandbox_child.landlock import landlock_abi
from altiplano_sdk.wire.messages import Start
from altiplano_worker.runtime.sandbox.bubblewrap import (
    INBOX,
    LIBRARY,
    PLUGIN,
    SCRATCH,
    bubblewrap_command,
)
from altiplano_worker.runtime.sandbox.layout import Layout, child_layout
from altiplano_worker.runtime.sandbox.levels import SandboxLevel
from altiplano_worker.runtime.sandbox.releases import ReleaseOnDisk

PYTHON_BYTES: Final = 256 * 1024 * 1024
"""Address space that Python and the SDK take before the plugin's first line; measured at 90 MB,
with room for the stacks of threads, which are reserved and hardly used."""
SCRATCH_BYTES: Final = 64 * 1024 * 1024
FIRST_ACCOUNT: Final = 1_000_000_000
PLACES: Final = 64
"""Processes that one worker may have at a time, each with an account of its own."""

EXAMINER: Final = PLACES - 1
"""The place of a process that examines a package; pools leave it free."""

ENVIRONMENT: Final = {
    "HOME": "/nonexistent",
    "LC_ALL": "C.UTF-8",
    # One thread more costs its stack, not the 64 MB of address space of an allocator's arena.
    "MALLOC_ARENA_MAX": "1",
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
}
"""All that a plugin finds in its environment, wherever it looks."""

_CODE: Final = (
    "import gc, sys; gc.disable(); sys.path.insert(0, sys.argv.pop()); "
    "from altiplano_sdk.sandbox_child.serving import main; gc.freeze(); gc.enable(); main()"
)
"""Imports make hundreds of classes and no garbage: looking for it is a part of what they cost."""
_PREFIX: Final = "altiplano-plugin-"
_DEVICES: Final = ("/dev/urandom", "/dev/zero")


@dataclass(slots=True)
class Launched:
    """A process that waits for its first message, and our end of its socket.

    ``bound`` is the release that was made visible to it from the start; without one it takes any,
    once. ``inbox`` is a folder of ours that the process reads as ``inbox_inside``.
    """

    process: subprocess.Popen[bytes]
    channel: socket.socket
    level: SandboxLevel
    layout: Layout
    workplace: Path
    uid: int | None
    bound: ReleaseOnDisk | None = None
    scratch_bytes: int = SCRATCH_BYTES

    @property
    def inbox(self) -> Path:
        return self.workplace / "inbox"

    @property
    def inbox_inside(self) -> str:
        return INBOX if self._encloses else str(self.inbox)

    @property
    def _encloses(self) -> bool:
        return self.level is SandboxLevel.BUBBLEWRAP

    def admit(self, release: ReleaseOnDisk) -> str:
        """The release is where the process can read it; returns where that is, seen from inside."""
        if self.bound is not None:
            return PLUGIN
        place = self.workplace / "plugin"
        if not self._encloses and self.uid is None:
            return str(release.directory.resolve())
        shutil.copytree(release.directory, place, dirs_exist_ok=True)
        if self.uid is not None:
            for path in place.rglob("*"):
                path.chmod(0o755 if path.is_dir() else 0o644)
            place.chmod(0o555)  # copied along with the folder's rights
        return PLUGIN if self._encloses else str(place)

    def first_message(
        self, directory: str, *, memory_bytes: int, workspace: Path | None = None
    ) -> Start:
        """Tells the process which doors to close, with ``directory`` as the package's place.

        ``workspace`` is a folder to write to where the level has none that is bounded; whoever
        names one has to watch it.
        """
        if self._encloses:
            libraries: tuple[object, ...] = (LIBRARY,)
            scratch = SCRATCH
            writable: tuple[str, ...] = (SCRATCH, "/dev/null")
            landlock = landlock_abi() > 0
        else:
            # No place to write: nothing bounds a folder's size but a file system of its own.
            libraries = (self.workplace / "library", *self.layout.modules.values())
            scratch = str(workspace or self.inbox)
            writable = ("/dev/null", *([scratch] if workspace else []))
            landlock = self.level is SandboxLevel.LANDLOCK
        readable = (
            *self.layout.python, *self.layout.system, *libraries, directory, self.inbox_inside,
            *_DEVICES,
        )  # fmt: skip
        return Start(
            readable=tuple(str(place) for place in readable),
            writable=writable,
            scratch=scratch,
            address_space=memory_bytes + PYTHON_BYTES,
            file_bytes=self.scratch_bytes,
            uid=self.uid,
            enclosed=self._encloses,
            landlock=landlock,
            seccomp=self.level is not SandboxLevel.NONE,
        )

    def make_workspace(self) -> Path | None:
        """A folder to write to for a process whose level has none that is bounded; None elsewhere.

        Somebody has to watch it, see :meth:`first_message`.
        """
        if self._encloses:
            return None
        workspace = self.workplace / "workspace"
        workspace.mkdir(mode=0o700)
        if self.uid is not None:
            os.chown(workspace, self.uid, self.uid)
        return workspace

    def kill(self) -> None:
        """Nothing of it is left, on the machine or on the disk. Killing twice does nothing."""
        if self.process.poll() is None:
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
        self.channel.close()
        shutil.rmtree(self.workplace, ignore_errors=True)


def launch_child(
    *,
    level: SandboxLevel,
    place: int,
    release: ReleaseOnDisk | None = None,
    testing: bool = False,
    scratch_bytes: int = SCRATCH_BYTES,
) -> Launched:
    """A process that imports the SDK and waits. Raises OSError when it cannot be started.

    ``release`` is bound where the level can bind, which saves a copy. ``place`` is one of
    :data:`PLACES` that no living process of this worker has. ``scratch_bytes`` is what it may write
    to its own folder. The process dies with the thread that calls this, so that none is left when
    the worker is killed.
    """
    layout = child_layout(testing=testing)
    uid = FIRST_ACCOUNT + os.getpid() * PLACES + place if os.geteuid() == 0 else None
    bound = release if release is not None and _can_bind(release, level, uid) else None
    workplace = Path(tempfile.mkdtemp(prefix=f"{_PREFIX}{os.getpid()}-"))
    ours, theirs = socket.socketpair()
    try:
        for folder in ("inbox", "plugin", "library"):
            (workplace / folder).mkdir(mode=0o755)
            if uid is not None:
                os.chown(workplace / folder, uid, uid)
                (workplace / folder).chmod(0o500)
        if uid is not None:
            workplace.chmod(0o711)
        process = subprocess.Popen(
            _command(
                layout, level, workplace, bound, as_root=uid is not None, scratch=scratch_bytes
            ),
            stdin=theirs.fileno(),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env=ENVIRONMENT,
            cwd="/",
            start_new_session=True,
        )
    except BaseException:
        ours.close()
        shutil.rmtree(workplace, ignore_errors=True)
        raise
    finally:
        theirs.close()
    return Launched(process, ours, level, layout, workplace, uid, bound, scratch_bytes)


def remove_leftovers() -> None:
    """Folders of workers that were killed, and could not remove them, are gone."""
    for folder in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*-*"):
        worker = folder.name.removeprefix(_PREFIX).partition("-")[0]
        with suppress(OSError):
            if worker.isdigit() and folder.stat().st_uid == os.geteuid() and _is_gone(int(worker)):
                shutil.rmtree(folder, ignore_errors=True)


def _is_gone(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        return False
    return False


def _command(
    layout: Layout,
    level: SandboxLevel,
    workplace: Path,
    bound: ReleaseOnDisk | None,
    *,
    as_root: bool,
    scratch: int,
) -> list[str]:
    if level is SandboxLevel.BUBBLEWRAP:
        enclosed = bubblewrap_command(
            layout,
            plugin=bound.directory if bound else workplace / "plugin",
            inbox=workplace / "inbox",
            scratch_bytes=scratch,
            environment=ENVIRONMENT,
            as_root=as_root,
        )
        return [*enclosed, *_python(layout, LIBRARY)]
    library = workplace / "library"
    for name, module in layout.modules.items():
        link = library / name
        link.parent.mkdir(mode=0o755, exist_ok=True)
        link.symlink_to(module)
    return _python(layout, str(library))


def _can_bind(release: ReleaseOnDisk, level: SandboxLevel, uid: int | None) -> bool:
    """A folder that only its owner can enter cannot be read under another account."""
    if level is not SandboxLevel.BUBBLEWRAP:
        return False
    return uid is None or release.directory.stat().st_mode & 0o005 == 0o005


def _python(layout: Layout, library: str) -> list[str]:
    return [str(layout.interpreter), "-I", "-S", "-B", "-X", "utf8", "-c", _CODE, library]
