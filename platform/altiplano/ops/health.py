"""Whether the platform can do its work right now, part by part, each with a sentence.

A worker counts as there only when it has consumed: its heartbeat is written by a task that went
through the broker, so a process that lives but takes no messages does not count.
"""

import asyncio
import time
from collections.abc import Awaitable, Iterable
from dataclasses import dataclass
from datetime import timedelta

import aiohttp
import redis.asyncio
import redis.exceptions
from django.conf import settings
from django.db import DatabaseError
from django.utils.translation import gettext
from django.utils.translation import gettext_noop as _

from altiplano.kernel.database_threads import read_database
from altiplano.kernel.models import Heartbeat
from altiplano.kernel.queries import has_beaten_within, holds_job_of
from altiplano.serving.domain.keys import UnreadableKeyError, open_key
from altiplano.serving.models import ModelEndpoint

QUEUES = ("runs", "ingest", "index", "checks", "upkeep")
CHECK_SECONDS = 3.0
ANSWERS = _("Answers.")
A_WORKER_CONSUMES = _("A worker consumes.")
NOT_KNOWN = _("Not known.")
DATABASE, BROKER, ENGINE = _("database"), _("broker"), _("engine")


@dataclass(frozen=True, slots=True)
class PartHealth:
    """``says`` is for operators: what is wrong and where to look; never a secret or a path."""

    name: str
    ok: bool
    says: str
    took_ms: float = 0.0

    @property
    def label(self) -> str:
        """The part's name in the reader's language; machines know it by ``name``."""
        kind, _colon, queue = self.name.partition(":")
        if queue:
            return gettext("queue %(name)s") % {"name": queue}
        return gettext(kind)

    def as_json(self) -> dict[str, object]:
        return {"ok": self.ok, "says": self.says, "took_ms": round(self.took_ms, 1)}


@dataclass(frozen=True, slots=True)
class Readiness:
    parts: tuple[PartHealth, ...]

    @property
    def ok(self) -> bool:
        return all(part.ok for part in self.parts)

    def as_json(self) -> dict[str, object]:
        return {
            "status": "ready" if self.ok else "not ready",
            "parts": {part.name: part.as_json() for part in self.parts},
        }


async def check_readiness() -> Readiness:
    """Every part was asked just now, all at once; the slowest bounds the answer at a few seconds."""
    database, broker, engine = await asyncio.gather(
        _timed(DATABASE, check_database()),
        _timed(BROKER, check_broker()),
        _timed(ENGINE, check_engine()),
    )
    if not database.ok:
        silent = (PartHealth(f"queue:{queue}", ok=False, says=NOT_KNOWN) for queue in QUEUES)
        return Readiness((database, broker, engine, *silent))
    return Readiness((database, broker, engine, *await check_queues()))


async def _timed(name: str, check: Awaitable[str]) -> PartHealth:
    """The outcome of a check that returns a sentence when all is well and raises when not."""
    started = time.perf_counter()
    try:
        says, ok = await asyncio.wait_for(check, CHECK_SECONDS), True
    except TimeoutError:
        says, ok = f"Did not answer within {CHECK_SECONDS:.0f} seconds.", False
    except NotWorkingError as error:
        says, ok = str(error), False
    return PartHealth(name, ok, says, (time.perf_counter() - started) * 1000)


class NotWorkingError(Exception):
    """A part does not work; the message says what an operator should look at."""


async def check_database() -> str:
    try:
        await read_database(Heartbeat.objects.exists)
    except DatabaseError as error:
        raise NotWorkingError(
            f"The database refuses ({type(error).__name__}); look at its log and its address."
        ) from None
    return ANSWERS


async def check_broker() -> str:
    client = redis.asyncio.Redis.from_url(
        settings.REDIS_URL, socket_timeout=CHECK_SECONDS, socket_connect_timeout=CHECK_SECONDS
    )
    try:
        info = await client.info("memory")
    except (redis.exceptions.RedisError, OSError) as error:
        raise NotWorkingError(
            f"The broker does not answer ({type(error).__name__}). Questions and uploads are kept "
            "and go on when it is back."
        ) from None
    finally:
        await client.aclose()
    policy = info.get("maxmemory_policy", "noeviction")
    if policy != "noeviction":
        raise NotWorkingError(
            f"The broker evicts keys when it is full (maxmemory-policy {policy}) and would lose "
            "work in silence. Set maxmemory-policy to noeviction."
        )
    return ANSWERS


async def check_engine() -> str:
    """The default endpoint lists its models. One that has no such list but answers counts too."""
    endpoint = await read_database(
        lambda: ModelEndpoint.objects.filter(
            is_default=True, organization__isnull=True, is_enabled=True
        ).first()
    )
    if endpoint is None:
        raise NotWorkingError(
            _("No default model. Set ALTIPLANO_ENGINE_URL and ALTIPLANO_ENGINE_MODEL.")
        )
    try:
        key = open_key(endpoint.sealed_key)
    except UnreadableKeyError as error:
        raise NotWorkingError(str(error)) from None
    status = await _engine_status(f"{endpoint.base_url}/models", key)
    if status in {401, 403}:
        raise NotWorkingError(f"{endpoint.name} refuses the key (HTTP {status}).")
    if status >= 500:
        raise NotWorkingError(f"{endpoint.name} is not ready (HTTP {status}).")
    return f"{endpoint.name} answers."


async def _engine_status(url: str, key: str) -> int:
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    timeout = aiohttp.ClientTimeout(total=CHECK_SECONDS)
    try:
        async with (
            aiohttp.ClientSession(timeout=timeout, trust_env=False) as session,
            session.get(url, headers=headers, allow_redirects=False) as response,
        ):
            return response.status
    except (aiohttp.ClientError, OSError, ValueError) as error:
        raise NotWorkingError(
            f"The default model's engine cannot be reached ({type(error).__name__})."
        ) from None


def queues_that_beat(queues: Iterable[str] = QUEUES) -> dict[str, bool]:
    """For each queue, whether some worker has consumed from it lately, or holds a job of it.

    A lease is as good a proof as a heartbeat, which lies on the queue behind long work.
    """
    age = timedelta(seconds=settings.WORKER_SILENCE_SECONDS)
    return {
        queue: has_beaten_within(f"queue:{queue}", age) or holds_job_of(queue) for queue in queues
    }


async def check_queues() -> tuple[PartHealth, ...]:
    """One part per queue."""
    beats = await read_database(queues_that_beat)
    return tuple(
        PartHealth(
            f"queue:{queue}",
            ok=fresh,
            says=A_WORKER_CONSUMES
            if fresh
            else f"No worker has taken anything from it for {settings.WORKER_SILENCE_SECONDS:g} seconds.",
        )
        for queue, fresh in beats.items()
    )
