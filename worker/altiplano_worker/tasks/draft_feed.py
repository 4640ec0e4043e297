"""Tells the author of a draft what happens in its runs, while it happens."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any, Final, Self

import orjson
import redis.asyncio as redis
import structlog

from altiplano.catalog.domain.running import RunPlugin
from altiplano.catalog.draft_feed import (
    DATA_FIELD,
    KEEP_SECONDS,
    MAX_ENTRIES,
    TYPE_FIELD,
    feed_key,
)
from altiplano_sdk.contracts import Log
from altiplano_sdk.events import RunEvent, StageFinished
from altiplano_worker.runtime.outcome import RunOutcome

INTERVAL_SECONDS: Final = 0.2
LONGEST_ENTRY: Final = 16_000
log = structlog.get_logger(__name__)


class DraftFeed:
    """One run, told to the feeds of all drafts in it. Without drafts it tells nobody.

    Use it in an ``async with`` block: what is left is sent at its end. A Redis that is away costs
    the author some lines and the run nothing.
    """

    def __init__(
        self, client: redis.Redis | None, plugins: Iterable[RunPlugin], run_id: str
    ) -> None:
        self._client = client
        self._keys = [feed_key(each.package_id) for each in plugins if each.is_draft]
        self._run_id = run_id
        self._waiting: list[tuple[str, bytes]] = []
        self._sending: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        if self._keys and self._client is not None:
            self._sending = asyncio.create_task(self._send_for_ever())
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._sending is not None:
            self._sending.cancel()
            await asyncio.gather(self._sending, return_exceptions=True)
            await self._send()

    def hear(self, event: RunEvent) -> None:
        """The end of a stage is told; the words of the answer are not."""
        if self._keys and isinstance(event, StageFinished):
            self._tell(
                "stage",
                kind=str(event.kind),
                plugin=event.plugin,
                ms=event.ms,
                detail=dict(event.detail),
            )

    def end(self, outcome: RunOutcome) -> None:
        self._tell("run", state=outcome.state, code=outcome.code, message=outcome.message)

    def log_beside(self, beside: Log) -> Log:
        """A log that writes to both; ``beside`` itself where nobody listens."""
        return _FeedLog(beside, self) if self._keys else beside

    def said(self, level: str, event: str, fields: dict[str, Any]) -> None:
        own = _own_fields(fields.pop("fields", ""))
        self._tell("log", level=level, event=fields.pop("said", event), fields=fields | own)

    def _tell(self, what: str, **data: Any) -> None:
        if not self._keys:
            return
        now = datetime.now(UTC).isoformat(timespec="milliseconds")
        entry = orjson.dumps(
            {"at": now, "run": self._run_id, **data}, default=str, option=orjson.OPT_NON_STR_KEYS
        )
        if len(entry) <= LONGEST_ENTRY and len(self._waiting) < MAX_ENTRIES:
            self._waiting.append((what, entry))

    async def _send_for_ever(self) -> None:
        while True:
            await asyncio.sleep(INTERVAL_SECONDS)
            await self._send()

    async def _send(self) -> None:
        entries, self._waiting = self._waiting, []
        if not entries or self._client is None:
            return
        try:
            async with self._client.pipeline(transaction=False) as pipe:
                for key in self._keys:
                    for kind, data in entries:
                        pipe.xadd(
                            key,
                            {TYPE_FIELD: kind.encode(), DATA_FIELD: data},
                            maxlen=MAX_ENTRIES,
                            approximate=True,
                        )
                    pipe.expire(key, KEEP_SECONDS)
                await pipe.execute()
        except (redis.RedisError, OSError) as error:
            log.warning("draft_feed.not_sent", error=type(error).__name__)


def _own_fields(text: object) -> dict[str, Any]:
    """What the plugin wrote beside its words, each value as text; one text where it was cut off."""
    try:
        said = json.loads(str(text) or "{}")
    except (ValueError, RecursionError):
        return {"fields": _as_text(text)}
    if not isinstance(said, dict):
        return {"fields": _as_text(said)}
    return {"fields": {_as_text(name): _as_text(value) for name, value in said.items()}}


def _as_text(value: object) -> str:
    """A plugin may name numbers, depths and signs that an entry cannot hold."""
    return str(value).encode("utf-8", "replace").decode()


class _FeedLog:
    def __init__(self, beside: Log, feed: DraftFeed) -> None:
        self._beside = beside
        self._feed = feed

    def info(self, event: str, **fields: Any) -> None:
        self._beside.info(event, **fields)
        self._feed.said("info", event, fields)

    def warning(self, event: str, **fields: Any) -> None:
        self._beside.warning(event, **fields)
        self._feed.said("warning", event, fields)
