"""The event stream of a run in Redis: its key, its wire format, and the rare writers on this side.

A worker appends the events (``altiplano_worker.adapters.event_bus``); ``streams`` reads them. Entry
ids are ``{seq}-0``: a repeated append is refused by Redis instead of doubled, and a reader's
position has a meaning. A stream is a copy for the moment; the database holds the answer.
"""

import uuid
from collections.abc import Mapping
from functools import cache
from typing import Any, Final

import orjson
import redis
import structlog
from django.conf import settings

from altiplano.runs.models import RunState

CONTROL_KEY: Final = "altiplano:runs:control"
CONTROL_LENGTH: Final = 10_000
TYPE_FIELD: Final = b"t"
DATA_FIELD: Final = b"d"
MAX_ENTRIES: Final = 10_000
"""More than any run streams; what is trimmed all the same is answered by a ``reset``."""
KEEP_SECONDS: Final = 900
"""How long a stream outlives its last event; late readers are served from the database."""
RETRIES: Final = 5

log = structlog.get_logger(__name__)


def stream_key(run_id: uuid.UUID | str) -> str:
    return f"altiplano:run:{run_id}"


def encode_event(event: Mapping[str, Any]) -> bytes:
    return orjson.dumps(event)


@cache
def client() -> redis.Redis:
    """This process's blocking connections: few, with short limits."""
    pool = redis.BlockingConnectionPool.from_url(
        settings.REDIS_URL,
        max_connections=4,
        timeout=5,
        socket_timeout=5,
        socket_connect_timeout=2,
        health_check_interval=30,
    )
    return redis.Redis.from_pool(pool)


def append_terminal_event(run_id: uuid.UUID, event: Mapping[str, Any]) -> bool:
    """The run's stream ends with ``event``; False when Redis does not answer.

    For runs that no worker ends: its worker died, or it was cancelled in the queue. A worker that
    comes back to life cannot write below this event, and readers stop at it.
    """
    key = stream_key(run_id)
    try:
        for _ in range(RETRIES):
            last = _last_seq(key)
            if _append(key, last + 1, {**event, "seq": last + 1}):
                return True
    except redis.RedisError as error:
        log.warning("run.terminal_event_not_sent", run=str(run_id), error=type(error).__name__)
    return False


def _last_seq(key: str) -> int:
    entries: Any = client().xrevrange(key, count=1)
    return int(entries[0][0].partition(b"-")[0]) if entries else 0


def _append(key: str, seq: int, event: Mapping[str, Any]) -> bool:
    fields: Any = {TYPE_FIELD: str(event["type"]), DATA_FIELD: encode_event(event)}
    pipe = client().pipeline(transaction=False)
    pipe.xadd(key, fields, id=f"{seq}-0")
    pipe.expire(key, KEEP_SECONDS)
    first = pipe.execute(raise_on_error=False)[0]
    if isinstance(first, redis.ResponseError):  # someone appended in between
        return False
    if isinstance(first, Exception):
        raise first
    return True


def announce_cancel(run_id: uuid.UUID, state: str) -> None:
    """Readers or the worker learn of :func:`~altiplano.runs.domain.cancelling.cancel_run`.

    Without Redis the worker finds the flag in the database when it next renews its lease.
    """
    if state == RunState.CANCELLED:
        append_terminal_event(run_id, {"type": "run.cancelled"})
        return
    try:
        client().xadd(CONTROL_KEY, {"run": str(run_id)}, maxlen=CONTROL_LENGTH)
    except redis.RedisError as error:
        log.warning("run.cancel_not_announced", run=str(run_id), error=type(error).__name__)
