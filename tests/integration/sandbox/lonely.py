"""A worker's process with a busy plugin and a spare, for a test that kills it.

``python -m tests.integration.sandbox.lonely LEVEL FOLDER`` prints ``ready`` and waits for its end.
"""

import asyncio
import sys
from pathlib import Path

import altiplano_sdk as sdk
from altiplano_sdk.testing.base import SilentLog
from altiplano_worker.runtime.sandbox.levels import SandboxLevel
from altiplano_worker.runtime.sandbox.plugins import sandboxed_plugin
from altiplano_worker.runtime.sandbox.pool import SandboxPool
from tests.fakes.hostile_plugins import hostile_source
from tests.fakes.plugin_releases import make_release


async def main(level: SandboxLevel, folder: Path) -> None:
    pool = SandboxPool(level)
    pool.start()
    kind = sdk.StageKind.TOOL
    release = make_release(
        folder / "release", hostile_source("loop_forever"), kind=kind, seconds=60
    )
    plugin = sandboxed_plugin(
        release,
        kind,
        pool=pool,
        organization="a",
        granted=release.manifest.for_kind(kind).grants,
    ).create({})
    await plugin.prepare()
    pool.start()
    asyncio.get_running_loop().call_later(0.3, lambda: print("ready", flush=True))
    await plugin.call({}, sdk.Context(log=SilentLog()))  # type: ignore[attr-defined]


if __name__ == "__main__":
    asyncio.run(main(SandboxLevel(sys.argv[1]), Path(sys.argv[2])))
