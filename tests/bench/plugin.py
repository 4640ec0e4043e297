"""What the sandbox costs: one guard, asked in this process and in a process of its own.

The guard reads the question and answers; it does nothing that takes time, so that what is measured
is the way there and back: encoding, two processes, the border.
"""

import argparse
import asyncio
import tempfile
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from statistics import median
from textwrap import dedent
from typing import Any

import numpy as np
import uvloop

import altiplano_sdk as sdk
from altiplano_sdk.testing.base import SilentLog
from altiplano_worker.runtime.sandbox.levels import SandboxLevel, choose_level
from altiplano_worker.runtime.sandbox.plugins import RemoteGuard, sandboxed_plugin
from altiplano_worker.runtime.sandbox.pool import PoolLimits, SandboxPool
from altiplano_worker.runtime.sandbox.releases import ReleaseOnDisk
from tests.bench.progress import report
from tests.fakes.plugin_releases import make_release

GUARD = sdk.StageKind.GUARD
SOURCE = """
    import altiplano_sdk as sdk

    class Plugin:
        points = (sdk.GuardPoint.INPUT,)

        def __init__(self, config): ...

        async def check(self, request, ctx):
            if "forbidden" in request.query.text:
                return sdk.GuardVerdict("block", message="No.")
            return sdk.GuardVerdict(scores={"words": float(len(request.query.text.split()))})
    """
REQUEST = sdk.GuardRequest(sdk.GuardPoint.INPUT, sdk.Query("How long does compost take?", "en"))
CONTEXT = sdk.Context(log=SilentLog())
_WARM_SPARE_SECONDS = 2.0


def run(arguments: Sequence[str]) -> Mapping[str, Any]:
    """Medians: of calls in this process, of calls to a warm sandbox, of first calls.

    ``sandbox_cold_ms`` is a first call for which a process with the SDK loaded stands by, as a
    worker keeps one; ``sandbox_start_ms`` is one for which nothing was running.
    """
    options = _parse(arguments)
    level = choose_level(wanted=options.level)
    with tempfile.TemporaryDirectory(prefix="altiplano-bench-") as folder:
        Path(folder).chmod(0o755)
        release = make_release(Path(folder) / "release", SOURCE, kind=GUARD)
        in_process = asyncio.run(_measure_here(options.calls))
        warm = uvloop.run(_measure_warm(level, release, options.calls))
        cold = uvloop.run(_measure_first(level, release, options.starts, spares=1))
        start = uvloop.run(_measure_first(level, release, options.starts, spares=0))
    figures = {
        "in_process_us": round(median(in_process) * 1e6, 2),
        "sandbox_warm_ms": round(median(warm) * 1e3, 3),
        "sandbox_warm_p95_ms": round(float(np.percentile(warm, 95)) * 1e3, 3),
        "sandbox_cold_ms": round(median(cold) * 1e3, 1),
        "sandbox_start_ms": round(median(start) * 1e3, 1),
    }
    report(f"{level}: {figures}")
    return figures


async def _measure_here(calls: int) -> list[float]:
    members: dict[str, Any] = {}
    exec(compile(dedent(SOURCE), "guard", "exec"), members)  # noqa: S102 - our own text, above
    guard = members["Plugin"](None)
    return await _time_calls(lambda: guard.check(REQUEST, CONTEXT), calls)


async def _measure_warm(level: SandboxLevel, release: ReleaseOnDisk, calls: int) -> list[float]:
    pool = SandboxPool(level, limits=PoolLimits(spares=0))
    try:
        guard = _guard(pool, release, "warm")
        return await _time_calls(lambda: guard.check(REQUEST, CONTEXT), calls)
    finally:
        pool.close()


async def _measure_first(
    level: SandboxLevel, release: ReleaseOnDisk, starts: int, *, spares: int
) -> list[float]:
    seconds = []
    for number in range(starts):
        pool = SandboxPool(level, limits=PoolLimits(spares=spares))
        try:
            pool.start()
            if spares:
                await asyncio.sleep(_WARM_SPARE_SECONDS)
            guard = _guard(pool, release, f"organization {number}")
            begun = time.perf_counter()
            await guard.prepare()
            await guard.check(REQUEST, CONTEXT)
            seconds.append(time.perf_counter() - begun)
        finally:
            pool.close()
    return seconds


async def _time_calls(call: Callable[[], Awaitable[Any]], calls: int) -> list[float]:
    for _ in range(50):
        await call()
    seconds = []
    for _ in range(calls):
        begun = time.perf_counter()
        await call()
        seconds.append(time.perf_counter() - begun)
    return seconds


def _guard(pool: SandboxPool, release: ReleaseOnDisk, organization: str) -> RemoteGuard:
    guard = sandboxed_plugin(
        release,
        GUARD,
        pool=pool,
        organization=organization,
        granted=release.manifest.for_kind(GUARD).grants,
    ).create({})
    assert isinstance(guard, RemoteGuard)
    return guard


def _parse(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.bench plugin", description=__doc__)
    parser.add_argument("--calls", type=int, default=2000)
    parser.add_argument("--starts", type=int, default=10)
    parser.add_argument("--level", type=SandboxLevel, choices=list(SandboxLevel), default=None)
    return parser.parse_args(arguments)
