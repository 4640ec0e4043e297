"""Arithmetic that the measures share."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import TypeVar

from altiplano_sdk.testing.report import Effect

Item = TypeVar("Item")
Result = TypeVar("Result")


def each(items: Sequence[Item], call: Callable[[Item], Awaitable[Result]]) -> list[Result]:
    """The result of the call for every item, one after another on one loop."""

    async def run() -> list[Result]:
        return [await call(item) for item in items]

    return asyncio.run(run())


def share(outcomes: Iterable[bool]) -> float:
    """How many of the outcomes are good, in 0..1; 0 of none."""
    counted = list(outcomes)
    return sum(counted) / len(counted) if counted else 0.0


def mean(values: Sequence[float]) -> float:
    return sum(values) / len(values) if values else 0.0


def effect(without: float, with_plugin: float) -> Effect:
    return Effect(round(without, 4), round(with_plugin, 4))
