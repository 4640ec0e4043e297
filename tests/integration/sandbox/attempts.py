"""Runs hostile plugins in a process of its own and prints what came of each, as JSON.

``python -m tests.integration.sandbox.attempts LEVEL CASE...``, under the account to be tested. It
adopts whatever its descendants leave behind, so that a survivor cannot hide.
"""

import asyncio
import contextlib
import ctypes
import json
import os
import socket
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil

import altiplano_sdk as sdk
from altiplano_sdk.testing.base import SilentLog
from altiplano_worker.runtime.sandbox.broker import PluginCapabilities
from altiplano_worker.runtime.sandbox.conformance import run_conformance
from altiplano_worker.runtime.sandbox.levels import SandboxLevel
from altiplano_worker.runtime.sandbox.plugins import sandboxed_plugin
from altiplano_worker.runtime.sandbox.pool import PoolLimits, SandboxPool
from tests.fakes.hostile_plugins import hostile_source
from tests.fakes.plugin_releases import example_release, make_release
from tests.integration.sandbox.fakes import MemoryStore

_SUBREAPER = 36
SECONDS = 3.0
"""What each attack is granted; beside it a call may take a moment to be ended."""
MODULES = ("django", "altiplano", "altiplano_worker", "altiplano_plugins", "celery", "redis")
EXAMINE = "examine"
"""Not an attack: what must work although all doors are closed."""
SECRET = "ALTIPLANO_SECRET_CANARY"


def main(arguments: list[str]) -> None:
    level, cases = SandboxLevel(arguments[0]), arguments[1:]
    ctypes.CDLL(None).prctl(_SUBREAPER, 1, 0, 0, 0)
    os.environ[SECRET] = "hunter2"
    print(json.dumps({case: attempt(level, case) for case in cases}))


def attempt(level: SandboxLevel, case: str) -> dict[str, Any]:
    """What the case brought home, or how it was stopped, and what was left of it."""
    if case == EXAMINE:
        return examine(level)
    with tempfile.TemporaryDirectory() as folder, _targets(Path(folder)) as (targets, heard):
        Path(folder).chmod(0o755)
        begun = time.monotonic()
        outcome = asyncio.run(_run(level, case, Path(folder), targets))
        return {
            **outcome,
            "seconds": time.monotonic() - begun,
            "survivors": _survivors(),
            "heard": heard(),
            "uid": os.geteuid(),
        }


def examine(level: SandboxLevel) -> dict[str, Any]:
    """The report of the suites about an example, run in the sandbox."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        report = run_conformance(example_release("glossary-guard", Path(folder)), level=level)
        return {"content": report.to_dict(), "survivors": _survivors()}


async def _run(
    level: SandboxLevel, case: str, folder: Path, targets: dict[str, Any]
) -> dict[str, Any]:
    release = make_release(
        folder / "release",
        hostile_source(case),
        kind=sdk.StageKind.TOOL,
        plugin_id="hostile-plugin",
        seconds=SECONDS,
        storage_bytes=1_000_000,
        memory_bytes=128 * 1024 * 1024,
    )
    pool = SandboxPool(level, limits=PoolLimits(spares=0))
    plugin = sandboxed_plugin(
        release,
        sdk.StageKind.TOOL,
        pool=pool,
        organization="attacked",
        granted=release.manifest.for_kind(sdk.StageKind.TOOL).grants,
        capabilities=PluginCapabilities(store=MemoryStore()),
    ).create({})
    try:
        await plugin.prepare()
        result = await plugin.call(targets, sdk.Context(log=SilentLog()))  # type: ignore[attr-defined]
        return {"content": json.loads(result.content)}
    except sdk.PluginError as error:
        return {"error": type(error).__name__, "message": error.message}
    finally:
        pool.close()


@contextmanager
def _targets(folder: Path) -> Iterator[tuple[dict[str, Any], Any]]:
    """Listeners and files that an open door would lead to, and who heard something."""
    settings = folder / "settings.env"
    settings.write_text("SECRET_KEY=hunter2", encoding="utf-8")
    settings.chmod(0o644)
    abstract = f"altiplano-{os.getpid()}"
    with contextlib.ExitStack() as stack:

        def listen(family: int, kind: int, address: Any) -> socket.socket:
            one = stack.enter_context(socket.socket(family, kind))
            one.bind(address)
            if kind == socket.SOCK_STREAM:
                one.listen()
            one.setblocking(False)
            return one

        tcp = listen(socket.AF_INET, socket.SOCK_STREAM, ("127.0.0.1", 0))
        udp = listen(socket.AF_INET, socket.SOCK_DGRAM, ("127.0.0.1", 0))
        unix = listen(socket.AF_UNIX, socket.SOCK_STREAM, str(folder / "s.sock"))
        datagram = listen(socket.AF_UNIX, socket.SOCK_DGRAM, str(folder / "d.sock"))
        hidden = listen(socket.AF_UNIX, socket.SOCK_STREAM, "\0" + abstract)
        for name in ("s.sock", "d.sock"):
            (folder / name).chmod(0o777)
        listeners = {"tcp": tcp, "udp": udp, "unix": unix, "datagram": datagram, "abstract": hidden}

        def heard() -> list[str]:
            return [name for name, one in listeners.items() if _has_heard(one)]

        yield (
            {
                "files": [str(settings), str(folder), __file__, str(Path.cwd())],
                "modules": list(MODULES),
                "pid": os.getpid(),
                "tcp": tcp.getsockname()[1],
                "udp": udp.getsockname()[1],
                "unix": str(folder / "s.sock"),
                "datagram": str(folder / "d.sock"),
                "abstract": abstract,
            },
            heard,
        )


def _has_heard(listener: socket.socket) -> bool:
    try:
        if listener.type == socket.SOCK_STREAM:
            listener.accept()[0].close()
        else:
            listener.recv(10)
    except BlockingIOError:
        return False
    return True


def _survivors() -> list[str]:
    """Command lines of descendants that still run. The kernel may need a moment to end them."""
    children = psutil.Process().children(recursive=True)
    _, alive = psutil.wait_procs(children, timeout=2)
    return [" ".join(process.cmdline()) or process.name() for process in alive]


if __name__ == "__main__":
    main(sys.argv[1:])
