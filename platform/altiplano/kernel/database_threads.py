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
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from asgiref.sync import sync_to_async
from django.conf import settings
from django.db import close_old_connections, transaction

T = TypeVar("T")

MAX_GROUP: Final = 64
"""Callers in one transaction: bounds how long the write lock is held."""


@dataclass(frozen=True, slots=True)
class _Work:
    call: Callable[[], Any]
    future: Future[Any]


class DatabaseThread:
    """Runs calls in the order they came, on one thread with one connection, started on first use.

    With ``commits`` everything that waits is run in one transaction, each call in a savepoint: a
    call that raises undoes its own changes only. Without, calls run in no transaction.
    """

    def __init__(self, name: str, *, commits: bool) -> None:
        self._name = name
        self._commits = commits
        self._waiting: queue.SimpleQueue[_Work] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None

    def submit(self, call: Callable[[], T]) -> Future[T]:
        """``call`` will run; the future is done once its changes are committed."""
        self._start()
        future: Future[T] = Future()
        self._waiting.put(_Work(call, future))
        return future

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
                _run_together(group)
            else:
                for work in group:
                    _settle(work, _attempt(work.call))
            # A result may hold the caller's whole world; do not keep it while waiting.
            del group

    def _next_group(self) -> list[_Work]:
        group = [self._waiting.get()]
        while len(group) < MAX_GROUP:
            try:
                group.append(self._waiting.get_nowait())
            except queue.Empty:
                break
        return group


@dataclass(frozen=True, slots=True)
class _Outcome:
    value: Any = None
    error: BaseException | None = None


def _attempt(call: Callable[[], Any]) -> _Outcome:
    try:
        return _Outcome(call())
    except BaseException as error:  # noqa: BLE001 - belongs to the caller, whatever it is
        return _Outcome(error=error)


def _attempt_in_savepoint(call: Callable[[], Any]) -> _Outcome:
    try:
        with transaction.atomic():
            return _Outcome(call())
    except BaseException as error:  # noqa: BLE001 - belongs to the caller, whatever it is
        return _Outcome(error=error)


def _run_together(group: list[_Work]) -> None:
    """Nobody hears of a result before the commit that makes it true."""
    alone = len(group) == 1
    try:
        if alone:
            outcomes = [_attempt_in_savepoint(group[0].call)]
        else:
            with transaction.atomic():
                outcomes = [_attempt_in_savepoint(work.call) for work in group]
    except BaseException as error:  # noqa: BLE001 - the commit failed, for everyone in it
        outcomes = [_Outcome(error=error)] * len(group)
    for work, outcome in zip(group, outcomes, strict=True):
        _settle(work, outcome)


def _settle(work: _Work, outcome: _Outcome) -> None:
    if not work.future.set_running_or_notify_cancel():
        return
    if outcome.error is not None:
        work.future.set_exception(outcome.error)
    else:
        work.future.set_result(outcome.value)


_writer = DatabaseThread("database-writer", commits=True)
_reader = DatabaseThread("database-reader", commits=False)


async def write_database(call: Callable[[], T]) -> T:
    """``call``'s result once its changes are committed; its exception, with them undone."""
    if settings.DATABASE_THREADS:
        return await asyncio.shield(asyncio.wrap_future(_writer.submit(call)))
    return await sync_to_async(_in_transaction, thread_sensitive=True)(call)


async def read_database(call: Callable[[], T]) -> T:
    """``call``'s result, without holding up anyone who writes."""
    if settings.DATABASE_THREADS:
        return await asyncio.wrap_future(_reader.submit(call))
    return await sync_to_async(call, thread_sensitive=True)()


def _in_transaction(call: Callable[[], T]) -> T:
    with transaction.atomic():
        return call()
