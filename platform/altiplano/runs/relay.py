"""Open answers of one event loop: a run is begun or found, and its reader is told of it.

All doors (REST, the OpenAI protocol, pages) come through here, so that limits, presence and
cancelling hold for each of them.
"""

import asyncio
import uuid
import weakref
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Coroutine
from dataclasses import dataclass
from typing import Any

import redis.asyncio as redis
from django.conf import settings
from django.db import OperationalError
from django.utils.translation import gettext_lazy as _

from altiplano.accounts.principal import Principal
from altiplano.kernel.database_threads import write_database_together
from altiplano.kernel.errors import DomainError, UnavailableError
from altiplano.runs.accepting import Accepted, Request, accept_together
from altiplano.runs.feeds import Batch, follow_run
from altiplano.runs.limits import open_streams
from altiplano.runs.models import Run
from altiplano.runs.presence import Presence, stop_run
from altiplano.runs.stream_positions import START, Position
from altiplano.runs.streams import StreamHub

SOCKET_SECONDS = 10.0
"""Longer than the hub's blocked XREAD."""


class RunReader:
    """Batches of one run's events for one person, until the terminal one.

    Close it, always: it holds a place among the open answers and counts as somebody waiting.
    Closing twice, or from another thread, is fine.
    """

    def __init__(
        self,
        relay: "Relay",
        run_id: uuid.UUID,
        principal: Principal,
        batches: AsyncGenerator[Batch, None],
        *,
        is_first: bool,
    ) -> None:
        self.run_id = run_id
        self.grace: float = settings.RUN_RESUME_GRACE_SECONDS
        self._relay = relay
        self._principal = principal
        self._batches = batches
        self._is_first = is_first
        self._loop = asyncio.get_running_loop()
        self._is_over = False
        self._is_closed = False

    def __aiter__(self) -> AsyncIterator[Batch]:
        return self

    async def __anext__(self) -> Batch:
        batch = await anext(self._batches)
        self._is_over = bool(batch) and batch[-1].is_terminal
        return batch

    def close(self) -> None:
        """The place is free; the run is cancelled if nobody comes back within ``grace``."""
        if self._is_closed:
            return
        self._is_closed = True
        open_streams.give_back(self._principal)
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._leave)

    def _leave(self) -> None:
        self._relay.presence.leave(
            self.run_id, is_first=self._is_first, is_over=self._is_over, grace=self.grace
        )
        self._relay.spawn(self._batches.aclose())


@dataclass(frozen=True, slots=True)
class Begun:
    """A run that was just accepted, and its first reader."""

    run: Run
    principal: Principal
    reader: RunReader


class Relay:
    def __init__(self) -> None:
        self.hub = StreamHub(_connect)
        self.presence = Presence(_connect(4))
        self._tasks: set[asyncio.Task[None]] = set()

    async def begin(
        self, authenticate: Callable[[], Principal], prepare: Callable[[Principal], Run]
    ) -> Begun:
        """The run that ``prepare`` makes for who ``authenticate`` says is asking, accepted.

        Both are called off the loop, in a transaction with others that came at the same moment.
        Raises what they raise, and LimitReachedError; nothing is stored then and no place taken.
        """
        request = Request(authenticate, prepare)
        accepting = asyncio.ensure_future(write_database_together(accept_together, request))
        try:
            answer = await asyncio.shield(accepting)
        except asyncio.CancelledError:
            self.spawn(_abandon(accepting, request))
            raise
        except OperationalError:
            _give_back(request)
            raise UnavailableError(_("The platform is very busy. Try again in a moment.")) from None
        except BaseException:
            _give_back(request)
            raise
        if isinstance(answer, DomainError):
            _give_back(request)
            raise answer
        run, principal = answer.run, answer.principal
        batches = follow_run(self.hub, run.id, is_new=True)
        return Begun(run, principal, self._reader(run.id, principal, batches, is_first=True))

    def read(self, principal: Principal, run: Run, *, after: Position = START) -> RunReader:
        """A further reader of a run that the caller has found for ``principal``.

        Raises LimitReachedError.
        """
        open_streams.take(principal)
        batches = follow_run(self.hub, run.id, after=after)
        return self._reader(run.id, principal, batches, is_first=False)

    def _reader(
        self,
        run_id: uuid.UUID,
        principal: Principal,
        batches: AsyncGenerator[Batch, None],
        *,
        is_first: bool,
    ) -> RunReader:
        self.presence.arrive(run_id, is_first=is_first)
        return RunReader(self, run_id, principal, batches, is_first=is_first)

    async def close(self) -> None:
        """Everything that leaving readers have set off is done, and no connection is open."""
        while self._tasks:
            await asyncio.gather(*self._tasks, return_exceptions=True)
        await self.presence.close()
        await self.hub.close()

    def spawn(self, work: Coroutine[Any, Any, None]) -> None:
        """``work`` will be done; nobody waits for it."""
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def _give_back(request: Request) -> None:
    if request.place is not None:
        open_streams.give_back(request.place)


async def _abandon(accepting: asyncio.Task[Accepted | DomainError], request: Request) -> None:
    """Who asked has gone before their question was accepted: nobody waits for its answer."""
    try:
        answer = await accepting
    except Exception:  # noqa: BLE001 - then there is no run, and nobody to tell
        return
    finally:
        _give_back(request)
    if isinstance(answer, Accepted):
        await stop_run(answer.run.id)


def _connect(connections: int) -> redis.Redis:
    pool = redis.BlockingConnectionPool.from_url(
        settings.REDIS_URL,
        protocol=2,
        max_connections=connections,
        timeout=SOCKET_SECONDS,
        socket_timeout=SOCKET_SECONDS,
        socket_connect_timeout=2.0,
        health_check_interval=30,
    )
    return redis.Redis.from_pool(pool)


_relays: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, Relay] = weakref.WeakKeyDictionary()


def current_relay() -> Relay:
    """The relay of the running event loop; a server has one loop and so one relay."""
    loop = asyncio.get_running_loop()
    relay = _relays.get(loop)
    if relay is None:
        relay = _relays[loop] = Relay()
    return relay
