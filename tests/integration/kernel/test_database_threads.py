"""Commits in groups: shared, isolated, and told only when they are true."""

import asyncio
import threading

import pytest
from django.db import connections, transaction

from altiplano.kernel import database_threads
from altiplano.kernel.database_threads import DatabaseThread, once_per_commit
from altiplano.kernel.models import Heartbeat
from altiplano.kernel.queries import beat

pytestmark = pytest.mark.django_db(transaction=True)


class RefusedError(Exception):
    """What a caller's own work may raise."""


@pytest.fixture
def writer():
    """A thread of its own, whose connection is closed at the end."""
    thread = DatabaseThread("test-writer", commits=True)
    yield thread
    thread.submit(lambda: transaction.on_commit(connections.close_all)).result(10)


def names():
    return set(Heartbeat.objects.values_list("name", flat=True))


def hold(writer):
    """Keeps the thread busy until the returned event is set, so that work queues up behind it."""
    go = threading.Event()
    return go, writer.submit(lambda: go.wait(10))


def test_a_result_is_told_when_its_changes_are_committed(writer):
    assert writer.submit(lambda: (beat("a"), 7)[1]).result(10) == 7
    assert names() == {"a"}


def test_what_waits_is_committed_together(writer):
    transactions = []

    def note():
        transactions.append(once_per_commit("id", object))

    go, held = hold(writer)
    waiting = [writer.submit(note) for _ in range(5)]
    go.set()
    for future in [held, *waiting]:
        future.result(10)
    assert len(set(map(id, transactions))) == 1
    writer.submit(note).result(10)
    assert transactions[-1] is not transactions[0], "nothing is remembered after the commit"


def test_one_that_fails_undoes_its_own_changes_only(writer):
    def refuse():
        beat("refused")
        raise RefusedError

    go, held = hold(writer)
    before = writer.submit(lambda: beat("before"))
    refused = writer.submit(refuse)
    after = writer.submit(lambda: beat("after"))
    go.set()
    for future in (held, before, after):
        future.result(10)
    with pytest.raises(RefusedError):
        refused.result(10)
    assert names() == {"before", "after"}


def test_calls_that_are_alike_share_one(writer):
    seen = []

    def add_all(items):
        seen.append(list(items))
        return [item * 2 for item in items]

    go, held = hold(writer)
    waiting = [writer.submit_together(add_all, n) for n in range(4)]
    go.set()
    assert [future.result(10) for future in waiting] == [0, 2, 4, 6]
    assert seen == [[0, 1, 2, 3]]
    held.result(10)


def test_a_commit_that_fails_is_told_to_everyone_in_it(writer, monkeypatch):
    go, held = hold(writer)
    first, second = writer.submit(lambda: beat("a")), writer.submit(lambda: beat("b"))

    real_exit = database_threads.transaction.Atomic.__exit__

    def exit_and_fail(self, kind, error, trace):
        real_exit(self, kind, error, trace)
        if kind is None and not connections["default"].in_atomic_block:
            raise RefusedError

    monkeypatch.setattr(database_threads.transaction.Atomic, "__exit__", exit_and_fail)
    go.set()
    for future in (held, first, second):
        with pytest.raises(RefusedError):
            future.result(10)
    monkeypatch.undo()


def test_a_cancelled_caller_is_passed_over(writer):
    go, held = hold(writer)
    cancelled = writer.submit(lambda: beat("cancelled"))
    assert cancelled.cancel()
    last = writer.submit(lambda: beat("last"))
    go.set()
    held.result(10)
    last.result(10)
    assert "last" in names()


async def test_the_loop_goes_on_while_the_database_works(settings):
    settings.DATABASE_THREADS = True
    ticks = 0

    async def tick():
        nonlocal ticks
        while True:
            await asyncio.sleep(0)
            ticks += 1

    ticking = asyncio.ensure_future(tick())
    release = threading.Event()
    asyncio.get_running_loop().call_later(0.05, release.set)
    assert await database_threads.read_database(lambda: release.wait(10)) is True
    ticking.cancel()
    assert ticks > 10
    await database_threads.read_database(connections.close_all)
