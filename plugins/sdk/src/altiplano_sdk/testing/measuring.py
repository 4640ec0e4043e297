"""How fast a package is, how much memory it takes, and what it changes on the reference set."""

import asyncio
import statistics
import time
import tracemalloc
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from itertools import cycle
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from altiplano_sdk.contracts.kinds import StageKind
from altiplano_sdk.testing.base import ConformanceSuite
from altiplano_sdk.testing.calls import CallSuite
from altiplano_sdk.testing.effect import measure_effect
from altiplano_sdk.testing.index_suite import IndexSuite
from altiplano_sdk.testing.report import Effect, Speed
from altiplano_sdk.testing.texts import USUAL_TEXTS, huge_text

WARM_UP: Final = 3
CALLS_AT_MOST: Final = 200
CALLS_AT_LEAST: Final = 5
SECONDS: Final = 1.0


@dataclass(frozen=True, slots=True)
class Measured:
    """Nothing but defaults when nothing was measured."""

    speed: Speed | None = None
    peak_bytes: int | None = None
    effect: Mapping[str, Effect] = field(default_factory=dict)


def measure_suites(suites: Mapping[StageKind, type[ConformanceSuite]]) -> Measured:
    """Of the slowest and of the largest kind; the effects of all of them."""
    speeds: list[Speed] = []
    peaks: list[int] = []
    effect: dict[str, Effect] = {}
    for suite_class in suites.values():
        suite = suite_class()
        if isinstance(suite, CallSuite):
            speeds.append(_speed_of_calls(suite))
            peaks.append(_peak_of_calls(suite))
        elif isinstance(suite, IndexSuite):
            speeds.append(_speed_of_searches(suite))
        effect.update(measure_effect(suite))
    return Measured(
        speed=max(speeds, key=lambda speed: speed.p50_ms, default=None),
        peak_bytes=max(peaks, default=None),
        effect=effect,
    )


def _speed_of_calls(suite: CallSuite) -> Speed:
    plugin, texts = suite.make_plugin(), cycle(USUAL_TEXTS)

    async def call() -> None:
        await suite.call(plugin, suite.make_context(), next(texts))

    return asyncio.run(_time(call))


def _speed_of_searches(suite: IndexSuite) -> Speed:
    plugin, numbers = suite.make_plugin(), cycle(range(6))
    with TemporaryDirectory() as directory:
        plugin.extend(None, Path(directory), suite.batch(range(6)))
        opened = plugin.open(Path(directory))

        async def search() -> None:
            opened.search(suite.query_for(next(numbers)))

        speed = asyncio.run(_time(search))
        opened.close()
    return speed


async def _time(call: Callable[[], Awaitable[None]]) -> Speed:
    """One call after another, for a second or 200 calls."""
    for _ in range(WARM_UP):
        await call()
    taken: list[float] = []
    begun = time.perf_counter()
    while len(taken) < CALLS_AT_LEAST or (
        len(taken) < CALLS_AT_MOST and time.perf_counter() - begun < SECONDS
    ):
        started = time.perf_counter()
        await call()
        taken.append(time.perf_counter() - started)
    taken.sort()
    return Speed(
        calls_per_s=round(len(taken) / max(sum(taken), 1e-9), 1),
        p50_ms=round(statistics.median(taken) * 1000, 3),
        p95_ms=round(taken[min(len(taken) - 1, int(len(taken) * 0.95))] * 1000, 3),
    )


def _peak_of_calls(suite: CallSuite) -> int:
    """What Python held at most beyond the input, in a usual call and in a huge one."""
    plugin, huge = suite.make_plugin(), huge_text(suite.huge_characters)
    suite.run_or_refuse(plugin, suite.make_context())
    tracemalloc.start()
    try:
        suite.run_or_refuse(plugin, suite.make_context())
        suite.run_or_refuse(plugin, suite.make_context(), huge)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
