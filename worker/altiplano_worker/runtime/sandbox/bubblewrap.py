"""The command line of bubblewrap: an empty system with a few read-only folders in it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from altiplano_worker.runtime.sandbox.layout import Layout
from altiplano_worker.runtime.sandbox.levels import bubblewrap_path

LIBRARY: Final = "/library"
PLUGIN: Final = "/plugin"
INBOX: Final = "/inbox"
SCRATCH: Final = "/tmp"  # noqa: S108 - inside, where there is nobody else

_DEVICES: Final = ("/dev/null", "/dev/zero", "/dev/urandom")


def bubblewrap_command(
    layout: Layout,
    *,
    plugin: Path,
    inbox: Path,
    scratch_bytes: int,
    environment: Mapping[str, str],
    as_root: bool,
) -> list[str]:
    """What to put before the program that shall run inside.

    Inside there is no ``/proc``, no network, no other process, and nothing to write to but
    :data:`SCRATCH`, which is memory and bounded. As root the program keeps the right to change its
    account, and must do so first; otherwise it has no rights at all in a user namespace.
    """
    command = [
        str(bubblewrap_path()),
        "--unshare-ipc", "--unshare-pid", "--unshare-net", "--unshare-uts",
        "--unshare-cgroup-try", "--hostname", "plugin", "--die-with-parent", "--new-session",
        "--clearenv",
    ]  # fmt: skip
    if as_root:
        command += ["--cap-drop", "ALL", "--cap-add", "CAP_SETUID", "--cap-add", "CAP_SETGID"]
    else:
        command += ["--unshare-user", "--disable-userns", "--cap-drop", "ALL"]
    for name, value in environment.items():
        command += ["--setenv", name, value]
    inside = (*(Path(LIBRARY, name) for name in layout.modules), *map(Path, _DEVICES))
    # Else they are made with the rights of the originals, which may lie in a closed home.
    for parent in _parents(*layout.system, *layout.python, *layout.hidden, *inside):
        command += ["--perms", "0755", "--dir", str(parent)]
    for device in _DEVICES:
        command += ["--dev-bind", device, device]
    for place in (*layout.system, *layout.python):
        command += _show(place)
    for place in layout.hidden:
        command += ["--tmpfs", str(place), "--remount-ro", str(place)]
    for name, place in layout.modules.items():
        command += ["--ro-bind", str(place), f"{LIBRARY}/{name}"]
    command += ["--ro-bind", str(plugin), PLUGIN, "--ro-bind", str(inbox), INBOX]
    command += ["--perms", "1777", "--size", str(scratch_bytes), "--tmpfs", SCRATCH]
    return [*command, "--remount-ro", "/", "--chdir", "/", "--"]


def _parents(*places: Path) -> list[Path]:
    """Every folder above the places, but the root, from the top down."""
    linked = {place for place in places if place.is_symlink()}
    above = {parent for place in places for parent in place.parents if parent != Path("/")}
    return sorted(parent for parent in above if not linked & {parent, *parent.parents})


def _show(place: Path) -> list[str]:
    if place.is_symlink():
        return ["--symlink", str(place.readlink()), str(place)]
    return ["--ro-bind", str(place), str(place)]
