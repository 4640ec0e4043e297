"""One XREAD for all readers of a process."""

import asyncio

import pytest

from altiplano.runs import streams
from altiplano.runs.relay import Relay
from tests.integration.runs.streaming import append, events_of


@pytest.fixture
async def hub(valkey_url):
    relay = Relay()
    yield relay.hub
    await relay.close()


async def read_all(hub, run_id, count):
    reader = hub.reader(run_id, after=0)
    seen = []
    async with asyncio.timeout(15):
        while len(seen) < count:
            seen += [entry.seq for entry in await reader.take(5)]
    hub.detach(reader)
    return seen


async def test_hundred_runs_are_read_through_one_connection(hub, valkey_url):
    expected = list(range(1, len(events_of("x")) + 1))
    reading = [asyncio.ensure_future(read_all(hub, f"run{n}", len(expected))) for n in range(100)]
    await asyncio.sleep(0.1)
    for n in range(100):
        append(valkey_url, f"run{n}", events_of(f"run{n}"))
    assert await asyncio.gather(*reading) == [expected] * 100


async def test_a_reader_that_comes_while_the_hub_waits_is_served_at_once(hub, valkey_url):
    waiting = hub.reader("silent", after=0)
    first = asyncio.ensure_future(waiting.take(10))
    await asyncio.sleep(0.2)
    append(valkey_url, "late", events_of("late"))
    begun = asyncio.get_running_loop().time()
    assert await read_all(hub, "late", 3)
    assert asyncio.get_running_loop().time() - begun < 1.0
    first.cancel()
    await asyncio.gather(first, return_exceptions=True)


async def test_a_reader_that_takes_nothing_is_let_go_and_catches_up(hub, valkey_url, monkeypatch):
    monkeypatch.setattr(streams, "MAX_PENDING", 10)
    reader = hub.reader("run", after=0)
    events = [{"type": "answer.delta", "text": "x", "seq": n} for n in range(1, 101)]
    append(valkey_url, "run", events[:1])
    assert [entry.seq for entry in await reader.take(5)] == [1]
    for event in events[1:]:
        append(valkey_url, "run", [event])
        await asyncio.sleep(0.002)
    await asyncio.sleep(0.2)
    assert not reader.is_attached
    seen = []
    async with asyncio.timeout(10):
        while len(seen) < 99:
            seen += [entry.seq for entry in await reader.take(5)]
    assert seen == list(range(2, 101))


async def test_taking_gives_up_after_its_time(hub):
    reader = hub.reader("silent", after=0)
    begun = asyncio.get_running_loop().time()
    assert await reader.take(0.5) == []
    assert asyncio.get_running_loop().time() - begun < 3
