"""Small counts that all processes share for minutes: failed sign-ins, codes that were used.

They are kept in Redis, as JSON: who writes there must not be able to make us run what they wrote.
While Redis does not answer, each process counts for itself: people sign in all the same, and a
guesser gets as many tries as there are processes, not as many as they like.
"""

import json
import time
from functools import cache
from typing import Any, Final

import structlog
from django.core.cache.backends.base import DEFAULT_TIMEOUT
from django.core.cache.backends.locmem import LocMemCache
from django.core.cache.backends.redis import RedisCache, RedisCacheClient
from redis.exceptions import RedisError

log = structlog.get_logger(__name__)

ALONE_SECONDS: Final = 5.0
"""So long Redis is not asked again after it failed: a page waits for it once, not at each count."""
CONNECT_SECONDS: Final = 0.5
ANSWER_SECONDS: Final = 1.0


class JsonValues:
    """What is stored is JSON, in both directions."""

    def dumps(self, value: Any) -> bytes:
        return json.dumps(value).encode()

    def loads(self, stored: bytes) -> Any:
        return json.loads(stored)


@cache
def _client(server: str) -> RedisCacheClient:
    """One pool of connections for the process; Django makes a cache for every request."""
    return RedisCacheClient(
        [server],
        serializer=JsonValues,  # type: ignore[arg-type]  # the stubs describe Django's own, exactly
        socket_connect_timeout=CONNECT_SECONDS,
        socket_timeout=ANSWER_SECONDS,
    )


class SharedCache(RedisCache):
    """Django's cache in Redis, or in this process while Redis is away."""

    _alone_until = 0.0  # on the class: all requests of the process learn of it at once

    def __init__(self, server: str, params: dict[str, Any]) -> None:
        super().__init__(server, params)
        self._server = server
        self._near = LocMemCache("altiplano.shared-cache", params)

    @property
    def _cache(self) -> RedisCacheClient:
        return _client(self._server)

    def _ask(self, name: str, *args: Any) -> Any:
        if time.monotonic() >= SharedCache._alone_until:
            try:
                return getattr(super(), name)(*args)
            except RedisError as error:
                SharedCache._alone_until = time.monotonic() + ALONE_SECONDS
                log.warning("cache.alone", error=type(error).__name__)
        return getattr(self._near, name)(*args)

    def add(
        self, key: Any, value: Any, timeout: Any = DEFAULT_TIMEOUT, version: int | None = None
    ) -> bool:
        return bool(self._ask("add", key, value, timeout, version))

    def get(self, key: Any, default: Any = None, version: int | None = None) -> Any:
        return self._ask("get", key, default, version)

    def set(
        self, key: Any, value: Any, timeout: Any = DEFAULT_TIMEOUT, version: int | None = None
    ) -> None:
        self._ask("set", key, value, timeout, version)

    def delete(self, key: Any, version: int | None = None) -> bool:
        return bool(self._ask("delete", key, version))
