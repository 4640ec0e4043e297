"""What a plugin's draft says and does while its author works on it, as server-sent events."""

import asyncio
import re
import uuid
from collections.abc import AsyncIterator, Iterator
from typing import Any, Final

import redis.asyncio as redis
from django.conf import settings
from django.http import StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.utils.translation import gettext_lazy as _
from ninja import Router

from altiplano.accounts.interfaces.auth import ApiRequest
from altiplano.accounts.principal import Principal
from altiplano.catalog.draft_feed import DATA_FIELD, TYPE_FIELD, feed_key
from altiplano.catalog.package_models import Package
from altiplano.kernel.database_threads import read_database
from altiplano.kernel.errors import InvalidInputError
from altiplano.runs.interfaces.sse import HEADERS, HEARTBEAT, OPENING
from altiplano.runs.limits import open_streams

router = Router(tags=["catalog"])

BLOCK_MS: Final = 10_000
ENTRIES: Final = 200
RETRY_SECONDS: Final = 1.0
_POSITION: Final = re.compile(r"[0-9]{1,15}-[0-9]{1,15}")


@router.get(
    "/plugins/drafts/{package}/events",
    summary="Follow a draft of a plugin",
    openapi_extra={
        "responses": {
            200: {
                "description": "Events `log`, `stage` and `run`, without an end.",
                "content": {"text/event-stream": {"schema": {"type": "string"}}},
            }
        }
    },
)
async def follow_draft(request: ApiRequest, package: str) -> HttpResponseBase:
    """What is logged and how stages and runs end, from now on or after `Last-Event-ID`."""
    principal = request.auth
    principal.require("write")
    found = await read_database(
        lambda: Package.objects.get_owned_by(principal.organization_id, package)
    )
    after = request.headers.get("Last-Event-ID", "$")
    if after != "$" and not _POSITION.fullmatch(after):
        raise InvalidInputError(
            _("The Last-Event-ID is none of this platform's."), code="event_id_malformed"
        )
    open_streams.take(principal)
    return StreamingHttpResponse(
        _Feed(principal, found.id, after), content_type="text/event-stream", headers=HEADERS
    )


class _Feed:
    """A body that gives its place back when it is closed, also if nobody ever read it."""

    def __init__(self, principal: Principal, package_id: uuid.UUID, after: str) -> None:
        self._principal: Principal | None = principal
        self._package_id = package_id
        self._after = after

    def __aiter__(self) -> AsyncIterator[bytes]:
        return follow_feed(self._package_id, self._after)

    def __iter__(self) -> Iterator[bytes]:
        raise TypeError("a feed is read asynchronously")

    def close(self) -> None:
        principal, self._principal = self._principal, None
        if principal is not None:
            open_streams.give_back(principal)


async def follow_feed(package_id: uuid.UUID, after: str) -> AsyncIterator[bytes]:
    """The feed's entries as events, with signs of life between them, for as long as it is read."""
    client = redis.Redis.from_url(
        settings.REDIS_URL, max_connections=1, socket_timeout=2 * BLOCK_MS / 1000
    )
    key = feed_key(package_id)
    try:
        yield OPENING
        while True:
            try:
                if after == "$":
                    after = await _last_id(client, key)
                found: Any = await client.xread({key: after}, count=ENTRIES, block=BLOCK_MS)
            except (redis.RedisError, OSError):
                await asyncio.sleep(RETRY_SECONDS)
                found = None
            entries = found[0][1] if found else []
            for entry_id, fields in entries:
                after = entry_id.decode()
                yield b"id: %b\nevent: %b\ndata: %b\n\n" % (
                    entry_id, fields[TYPE_FIELD], fields[DATA_FIELD],
                )  # fmt: skip
            if not entries:
                yield HEARTBEAT
    finally:
        await client.aclose()


async def _last_id(client: redis.Redis, key: str) -> str:
    """The end of the feed at this moment: ``$`` would be another one at each reading."""
    newest: Any = await client.xrevrange(key, count=1)
    return newest[0][0].decode() if newest else "0-0"
