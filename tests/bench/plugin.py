"""What the sandbox costs: one guard, asked in this process and in a process of its own; one index.

The guard reads the question and answers, the index names the passages it was given first; they do
nothing that takes time, so that what is measured is the way there and back: encoding, two
processes, the border.
"""

import argparse
import asyncio
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from statistics import median
from textwrap import dedent
from typing import Any

import numpy as np
import uvloop

import altiplano_sdk as sdk
from altiplano_sdk.testing.base import SilentLog
from altiplano_worker.runtime.sandbox.indexes import RemoteIndex
from altiplano_worker.runtime.sandbox.levels import SandboxLevel, choose_level
from altiplano_worker.runtime.sandbox.plugins import RemoteGuard, sandboxed_plugin
from altiplano_worker.runtime.sandbox.pool import PoolLimits, SandboxPool
from altiplano_worker.runtime.sandbox.releases import ReleaseOnDisk
from altiplano_worker.runtime.sandbox.remote import RemotePlugin
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
INDEX_SOURCE = """
    import json

    import altiplano_sdk as sdk

    class Open:
        def __init__(self, ids):
            self.ids = ids
            self.count = len(ids)

        def search(self, query):
            return tuple(sdk.IndexHit(key, 0.5) for key in self.ids[: query.k])

        def close(self): ...

    class Plugin:
        signal = "dense"

        def __init__(self, config): ...

        def extend(self, previous, target, batch):
            (target / "ids").write_text(json.dumps(batch.ids))

        def compact(self, previous, target, removed): ...

        def open(self, directory):
            return Open(json.loads((directory / "ids").read_text()))
    """
DIMENSION, PASSAGES, HITS = 384, 1000, 50
REQUEST = sdk.GuardRequest(sdk.GuardPoint.INPUT, sdk.Query("How long does compost take?", "en"))
CONTEXT = sdk.Context(log=SilentLog())
_WARM_SPARE_SECONDS = 2.0


def run(arguments: Sequence[str]) -> Mapping[str, Any]:
    """Medians: of calls in this process, of calls to a warm sandbox, of searches there, of first
    calls.

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
        index = make_release(Path(folder) / "index", INDEX_SOURCE, kind=sdk.StageKind.INDEX)
        searches = uvloop.run(_measure_index(level, index, options.calls))
        cold = uvloop.run(_measure_first(level, release, options.starts, spares=1))
        start = uvloop.run(_measure_first(level, release, options.starts, spares=0))
    figures = {
        "in_process_us": round(median(in_process) * 1e6, 2),
        "sandbox_warm_ms": round(median(warm) * 1e3, 3),
        "sandbox_warm_p95_ms": round(float(np.percentile(warm, 95)) * 1e3, 3),
        "index_search_ms": round(median(searches) * 1e3, 3),
        "index_search_p95_ms": round(float(np.percentile(searches, 95)) * 1e3, 3),
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


async def _measure_index(level: SandboxLevel, release: ReleaseOnDisk, calls: int) -> list[float]:
    """Searches for :data:`HITS` of :data:`PASSAGES` passages, with a vector each."""
    row = np.full(DIMENSION, DIMENSION**-0.5, "<f4").tobytes()
    batch = sdk.IndexBatch(
        ids=tuple(range(1, PASSAGES + 1)),
        texts=("A passage.",) * PASSAGES,
        languages=("en",) * PASSAGES,
        vectors=sdk.VectorBatch(DIMENSION, PASSAGES, row * PASSAGES),
    )

    async def given() -> AsyncIterator[sdk.IndexBatch]:
        yield batch

    query = sdk.IndexQuery("How long?", sdk.VectorBatch(DIMENSION, 1, row), HITS)
    pool = SandboxPool(level, limits=PoolLimits(spares=0))
    try:
        remote = _plugin(pool, release, sdk.StageKind.INDEX, "warm")
        assert isinstance(remote, RemoteIndex)
        held = remote.hold("one", CONTEXT)
        await held.change(given())
        assert len(await held.search(query)) == HITS
        return await _time_calls(lambda: held.search(query), calls)
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
    guard = _plugin(pool, release, GUARD, organization)
    assert isinstance(guard, RemoteGuard)
    return guard


def _plugin(
    pool: SandboxPool, release: ReleaseOnDisk, kind: sdk.StageKind, organization: str
) -> RemotePlugin:
    return sandboxed_plugin(
        release,
        kind,
        pool=pool,
        organization=organization,
        granted=release.manifest.for_kind(kind).grants,
    ).create({})


def _parse(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.bench plugin", description=__doc__)
    parser.add_argument("--calls", type=int, default=2000)
    parser.add_argument("--starts", type=int, default=10)
    parser.add_argument("--level", type=SandboxLevel, choices=list(SandboxLevel), default=None)
    return parser.parse_args(arguments)
