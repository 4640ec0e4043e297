"""Hears what the portal asks of running runs: at the moment, to stop."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, Final

import redis.asyncio as redis
import structlog

from altiplano_worker.adapters.connections import heed_cancellation

BLOCK_MS: Final = 2_000
RETRY_SECONDS: Final = 0.5
START: Final = b"0-0"

log = structlog.get_logger("altiplano.events")


async def follow_control(client: redis.Redis, key: str, cancel: Callable[[str], None]) -> None:
    """``cancel`` is called with the id of each run that is asked to stop, from now on, for ever.

    The position is kept over lost connections, so that nothing asked meanwhile is missed.
    """
    position: bytes | None = None
    is_delayed = False
    while True:
        heed_cancellation()
        try:
            if position is None:
                position = await _last_id(client, key)
            # Protocol 2, so a list of one [key, entries], or nothing.
            reply: Any = await client.xread({key: position}, count=1000, block=BLOCK_MS)
            is_delayed = False
            for _, entries in reply or ():
                for entry_id, fields in entries:
                    position = entry_id
                    cancel(fields[b"run"].decode())
        except (redis.RedisError, OSError) as error:
            if not is_delayed:  # once per outage
                log.warning("control_delayed", error=type(error).__name__)
            is_delayed = True
            await asyncio.sleep(RETRY_SECONDS)


async def _last_id(client: redis.Redis, key: str) -> bytes:
    entries: Any = await client.xrevrange(key, count=1)
    return bytes(entries[0][0]) if entries else START
