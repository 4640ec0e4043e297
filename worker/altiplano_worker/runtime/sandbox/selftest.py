"""Proves that the doors are closed, by trying them from inside as a plugin would."""

from __future__ import annotations

import json
import os
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

import altiplano_sdk as sdk
from altiplano_worker.runtime.sandbox.broker import PluginCapabilities
from altiplano_worker.runtime.sandbox.launcher import ENVIRONMENT, PYTHON_BYTES
from altiplano_worker.runtime.sandbox.levels import NoSandboxError, SandboxLevel, choose_level
from altiplano_worker.runtime.sandbox.plugins import sandboxed_plugin
from altiplano_worker.runtime.sandbox.pool import PoolLimits, SandboxPool
from altiplano_worker.runtime.sandbox.releases import ReleaseOnDisk

_PROBE: Final = sdk.PackageManifest(
    id="altiplano-probe",
    version="1.0.0",
    title="Self-test of the sandbox",
    summary="Tries every door of the sandbox and tells which opened.",
    author="Altiplano",
    licence="Apache-2.0",
    personal_data=False,
    provides=(sdk.Provided(kind=sdk.StageKind.TOOL, entry="altiplano_probe:Plugin"),),
    grants=sdk.PackageGrants(memory_bytes=64 * 1024 * 1024, seconds=30.0),
)
DOORS: Final = (
    "environment", "files", "writing", "network", "processes", "kernel", "descriptors", "memory",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Door:
    """``detail`` says what came through, or why it could not be tried; empty for a closed door."""

    name: str
    closed: bool
    detail: str = ""


@dataclass(frozen=True, slots=True)
class SandboxStatus:
    """What the self-test found. ``level`` is None where plugins from outside are refused.

    ``problem`` is a sentence for the operator, empty when there is none.
    """

    level: SandboxLevel | None
    doors: tuple[Door, ...] = ()
    problem: str = ""

    @property
    def is_closed(self) -> bool:
        """True when every door was tried and none opened."""
        return bool(self.doors) and all(door.closed for door in self.doors)

    @property
    def is_ready(self) -> bool:
        """True when plugins from outside can run, and can do no harm."""
        return self.is_closed and not self.problem

    def as_json(self) -> dict[str, Any]:
        """For storage; :func:`read_status` reads it."""
        return {**asdict(self), "level": self.level.value if self.level else None}


def read_status(data: dict[str, Any]) -> SandboxStatus:
    """What :meth:`SandboxStatus.as_json` wrote. Raises KeyError or ValueError for anything else."""
    level = data["level"]
    return SandboxStatus(
        level=None if level is None else SandboxLevel(level),
        doors=tuple(Door(**door) for door in data["doors"]),
        problem=str(data["problem"]),
    )


async def probe_sandbox(*, wanted: SandboxLevel | None = None) -> SandboxStatus:
    """Starts a sandbox of the level that plugins will get and tries its doors from inside.

    Never raises for what it finds: no sandbox, or one that does not start, is a status too.
    """
    try:
        level = choose_level(wanted=wanted)
    except NoSandboxError as error:
        return SandboxStatus(None, problem=error.message)
    pool = SandboxPool(level, limits=PoolLimits(spares=0))
    try:
        with tempfile.TemporaryDirectory(prefix="altiplano-outside-") as outside:
            canary = _make_canary(Path(outside))
            opened = await _try_doors(pool, canary)
    except (sdk.PluginError, OSError, ValueError) as error:
        return SandboxStatus(level, problem=f"The sandbox does not start: {error}")
    finally:
        pool.close()
    missing = ", ".join(opened["missing"])
    return SandboxStatus(
        level,
        tuple(Door(name, not opened[name], ", ".join(opened[name])) for name in DOORS),
        f"Inside the sandbox Python lacks {missing}." if missing else "",
    )


def _make_canary(outside: Path) -> Path:
    """A file that every account of the machine may read, in a folder that each may write to."""
    canary = outside / "canary"
    canary.write_text("seen", encoding="utf-8")
    canary.chmod(0o644)
    outside.chmod(0o777)
    return canary


async def _try_doors(pool: SandboxPool, canary: Path) -> dict[str, list[str]]:
    release = ReleaseOnDisk("altiplano-probe", Path(__file__).parent / "probe", _PROBE)
    probe = sandboxed_plugin(
        release,
        sdk.StageKind.TOOL,
        pool=pool,
        organization="self-test",
        granted=_PROBE.grants,
        capabilities=PluginCapabilities(),
    ).create({})
    await probe.prepare()
    arguments = {
        "environment": sorted(ENVIRONMENT),
        "files": _files_outside(canary),
        "folders": [str(canary.parent), str(Path.home())],
        "pid": os.getpid(),
        "memory_bytes": _PROBE.grants.memory_bytes + PYTHON_BYTES,
    }
    answer: sdk.ToolResult = await probe.call(arguments, sdk.Context(log=_Quiet()))  # type: ignore[attr-defined]
    opened: dict[str, list[str]] = json.loads(answer.content)
    return opened


def _files_outside(canary: Path) -> list[str]:
    own = f"/proc/{os.getpid()}"
    return [
        str(canary),
        str(canary.parent),
        str(Path(__file__)),
        str(Path.cwd()),
        str(Path.home()),
        "/",
        "/etc/passwd",
        "/proc",
        "/proc/self/environ",
        *(f"{own}/{name}" for name in ("environ", "cmdline", "maps", "fd")),
    ]


class _Quiet:
    def info(self, event: str, **fields: Any) -> None:
        """Forgets the line."""

    def warning(self, event: str, **fields: Any) -> None:
        """Forgets the line."""
