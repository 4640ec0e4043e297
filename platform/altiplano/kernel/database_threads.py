"""The database for code that runs on an event loop: two threads, and commits in groups.

Hundreds of coroutines that each opened a transaction in a thread of their own would queue for the
database's write lock (on SQLite) or its disk flush (on PostgreSQL) one by one. Here whatever waits
when the writer becomes free is committed together: under load one commit serves dozens of callers,
without load a caller waits for nobody.

``settings.DATABASE_THREADS`` switches to the caller's own transaction, because a test's data can be
seen in its own thread only.
"""

import asyncio
import queue
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from asgiref.sync import sync_to_async
from django.conf import settings
from django.db import close_old_connections, transaction

T = TypeVar("T")
Item = TypeVar("Item")

GROUP_SIZE: Final = 128
GROUP_SECONDS: Final = 0.01
"""After so long a transaction takes in nobody else: bounds how long the first one waits."""


@dataclass(frozen=True, slots=True)
class _Work:
    """``call`` is given ``item`` with those of other works that name the same ``call``."""

    call: Callable[[list[Any]], list[Any]]
    item: Any
    future: Future[Any]


@dataclass(frozen=True, slots=True)
class _Outcome:
    value: Any = None
    error: BaseException | None = None


class _Memo(threading.local):
    """What :func:`once_per_commit` remembers on this thread; None outside a commit."""

    values: dict[Any, Any] | None = None


_memo = _Memo()


class DatabaseThread:
    """Runs calls on one thread with one connection, started on first use.

    With ``commits`` everything that waits is run in one transaction, each call in a savepoint: a
    call that raises undoes its own changes only. Without, calls run in no transaction.
    """

    def __init__(self, name: str, *, commits: bool) -> None:
        self._name = name
        self._commits = commits
        self._waiting: queue.SimpleQueue[_Work] = queue.SimpleQueue()
        self._carried: list[_Work] = []
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None

    def submit(self, call: Callable[[], T]) -> Future[T]:
        """``call`` will run; the future is done once its changes are committed."""
        return self._put(_Work(lambda _: [call()], None, Future()))

    def submit_together(self, call: Callable[[list[Item]], list[T]], item: Item) -> Future[T]:
        """As :meth:`submit`, for a ``call`` that does many items at the price of one.

        It returns one result for each item.
        """
        return self._put(_Work(call, item, Future()))

    def _put(self, work: _Work) -> Future[Any]:
        self._start()
        self._waiting.put(work)
        return work.future

    def _start(self) -> None:
        if self._thread is not None:
            return
        with self._lock:
            if self._thread is None:
                self._thread = threading.Thread(target=self._serve, name=self._name, daemon=True)
                self._thread.start()

    def _serve(self) -> None:
        while True:
            group = self._next_group()
            close_old_connections()
            if self._commits:
                self._commit(group)
            else:
                for works in _same_calls(group):
                    _settle(works, _attempt(works))
            # A result may hold the caller's whole world; do not keep it while waiting.
            del group

    def _next_group(self) -> list[_Work]:
        group, self._carried = self._carried, []
        if not group:
            group.append(self._waiting.get())
        with suppress(queue.Empty):
            while len(group) < GROUP_SIZE:
                group.append(self._waiting.get_nowait())
        return group

    def _commit(self, group: list[_Work]) -> None:
        """Nobody hears of a result before the commit that makes it true."""
        done: list[tuple[list[_Work], _Outcome]] = []
        deadline = time.monotonic() + GROUP_SECONDS
        failure: BaseException | None = None
        _memo.values = {}
        try:
            with transaction.atomic():
                for works in _same_calls(group):
                    if done and time.monotonic() > deadline:
                        self._carried.extend(works)
                    else:
                        done.append((works, _attempt_in_savepoint(works)))
        except BaseException as error:  # noqa: BLE001 - the commit failed, for everyone in it
            failure = error
            done = done or [(group, _Outcome())]
        finally:
            _memo.values = None
        for works, outcome in done:
            _settle(works, outcome if failure is None else _Outcome(error=failure))


def _same_calls(group: list[_Work]) -> Iterator[list[_Work]]:
    by_call: dict[Any, list[_Work]] = {}
    for work in group:
        by_call.setdefault(work.call, []).append(work)
    return iter(by_call.values())


def _attempt(works: list[_Work]) -> _Outcome:
    try:
        return _Outcome(works[0].call([work.item for work in works]))
    except BaseException as error:  # noqa: BLE001 - belongs to the callers, whatever it is
        return _Outcome(error=error)


def _attempt_in_savepoint(works: list[_Work]) -> _Outcome:
    try:
        with transaction.atomic():
            return _Outcome(works[0].call([work.item for work in works]))
    except BaseException as error:  # noqa: BLE001 - belongs to the callers, whatever it is
        return _Outcome(error=error)


def _settle(works: list[_Work], outcome: _Outcome) -> None:
    values = outcome.value or [None] * len(works)
    for work, value in zip(works, values, strict=True):
        if not work.future.set_running_or_notify_cancel():
            continue
        if outcome.error is not None:
            work.future.set_exception(outcome.error)
        else:
            work.future.set_result(value)


_writer = DatabaseThread("database-writer", commits=True)
_reader = DatabaseThread("database-reader", commits=False)


async def write_database(call: Callable[[], T]) -> T:
    """``call``'s result once its changes are committed; its exception, with them undone."""
    if settings.DATABASE_THREADS:
        return await asyncio.shield(asyncio.wrap_future(_writer.submit(call)))
    return await sync_to_async(_in_transaction, thread_sensitive=True)(call)


async def write_database_together(call: Callable[[list[Item]], list[T]], item: Item) -> T:
    """As :func:`write_database`; callers that name the same ``call`` at once share it."""
    if settings.DATABASE_THREADS:
        return await asyncio.shield(asyncio.wrap_future(_writer.submit_together(call, item)))
    results = await sync_to_async(_in_transaction, thread_sensitive=True)(lambda: call([item]))
    return results[0]


async def read_database(call: Callable[[], T]) -> T:
    """``call``'s result, without holding up anyone who writes."""
    if settings.DATABASE_THREADS:
        return await asyncio.wrap_future(_reader.submit(call))
    return await sync_to_async(call, thread_sensitive=True)()


def once_per_commit(key: Any, read: Callable[[], T]) -> T:
    """What ``read`` says, asked once for all callers of one commit.

    They share a transaction and so a moment: what was true for the first is true for the last.
    Nothing is remembered longer, so that a revoked key or a new version holds at once.
    """
    values = _memo.values
    if values is None:
        return read()
    if key not in values:
        values[key] = read()
    found: T = values[key]
    return found


def _in_transaction(call: Callable[[], T]) -> T:
    with transaction.atomic():
        return call()
