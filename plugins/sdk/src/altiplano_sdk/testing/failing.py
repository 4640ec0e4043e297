"""Contexts in which nothing works: capabilities that fail, and ones that never answer."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from typing import Any

from altiplano_sdk.contracts import Context, GenerationEvent, GenerationRequest
from altiplano_sdk.errors import RetryableError
from altiplano_sdk.manifest import Grants
from altiplano_sdk.testing.capabilities import StubLog, StubSecrets, granted_context

Trouble = Callable[[], Coroutine[Any, Any, None]]


def failing_context(grants: Grants) -> Context:
    """Every granted capability raises RetryableError."""

    async def fail() -> None:
        raise RetryableError("The service rests for a moment.")

    return _troubled_context(grants, fail)


def stalled_context(grants: Grants, waiting: asyncio.Event) -> Context:
    """No granted capability ever answers; ``waiting`` is set when the first one is asked."""

    async def stall() -> None:
        waiting.set()
        await asyncio.Event().wait()

    return _troubled_context(grants, stall)


class Troubled:
    """Any capability; whatever it is asked to do, it gets into ``trouble`` first."""

    context_tokens = 4096
    model_id = "altiplano-test-letters/64"
    dimension = 64

    def __init__(self, trouble: Trouble) -> None:
        self._trouble = trouble

    async def stream(self, request: GenerationRequest) -> AsyncIterator[GenerationEvent]:
        await self._trouble()
        yield  # type: ignore[misc]  # never reached: what makes this a generator

    def __getattr__(self, name: str) -> Any:
        """``embed_query``, ``search``, ``request``, ``get``... : one trouble for all."""
        if name.startswith("_"):
            raise AttributeError(name)

        async def method(*_: Any, **__: Any) -> None:
            await self._trouble()

        return method


def _troubled_context(grants: Grants, trouble: Trouble) -> Context:
    granted = granted_context(grants)
    troubled: Any = Troubled(trouble)
    return Context(
        log=StubLog(),
        llm=granted.llm and troubled,
        embed=granted.embed and troubled,
        index=granted.index and troubled,
        http=granted.http and troubled,
        secrets=granted.secrets if isinstance(granted.secrets, StubSecrets) else None,
        store=granted.store and troubled,
    )
