"""Events of runs in a real Valkey, with the server going away and coming back."""

import asyncio
import signal

import orjson
import pytest
import redis

from altiplano_sdk.events import AnswerDelta, RunFinished, RunStarted
from altiplano_sdk.testing.run_stream import assert_valid_run_stream
from altiplano_worker.adapters.connections import connect_redis
from altiplano_worker.adapters.event_bus import EventBus
from altiplano_worker.adapters.run_control import follow_control
from tests.stack import free_port, running_valkey

END = RunFinished(0, {"prompt_tokens": 1, "completion_tokens": 1}, {})


def make_bus(url: str) -> EventBus:
    return EventBus(
        connect_redis(url, connections=2),
        key_for=lambda run_id: f"run:{run_id}",
        keep_seconds=60,
        max_entries=1000,
    )


async def read(url: str, key: str):
    client = connect_redis(url, connections=1)
    entries = await client.xrange(key)
    seconds = await client.ttl(key)
    await client.aclose()
    return [
        (entry_id.decode(), orjson.loads(fields[b"d"])) for entry_id, fields in entries
    ], seconds


async def say(channel, words):
    channel.emit(RunStarted(1, "r"))
    for word in words:
        channel.emit(AnswerDelta(0, word))
        await asyncio.sleep(0)


async def test_events_arrive_in_order_with_their_numbers_as_ids(valkey_url):
    bus = make_bus(valkey_url)
    channel = bus.open("1")
    await say(channel, ["a", "b", "c"])
    assert await channel.close(END) is True
    entries, seconds = await read(valkey_url, "run:1")
    assert [entry_id for entry_id, _ in entries] == [f"{n}-0" for n in range(1, len(entries) + 1)]
    assert [event["seq"] for _, event in entries] == list(range(1, len(entries) + 1))
    assert "".join(event.get("text", "") for _, event in entries) == "abc"
    assert entries[-1][1]["type"] == "run.finished"
    assert 0 < seconds <= 60
    await bus.close()


async def test_many_runs_share_round_trips_and_do_not_mix(valkey_url):
    bus = make_bus(valkey_url)
    channels = {n: bus.open(str(n)) for n in range(50)}
    await asyncio.gather(*(say(channel, [f"{n} "] * 20) for n, channel in channels.items()))
    assert all(await asyncio.gather(*(channel.close(END) for channel in channels.values())))
    for n in channels:
        entries, _ = await read(valkey_url, f"run:{n}")
        assert "".join(event.get("text", "") for _, event in entries) == f"{n} " * 20
    await bus.close()


async def test_events_outlive_a_broker_that_is_gone_for_a_while(tmp_path):
    port = free_port()
    with running_valkey(tmp_path, port=port) as (url, process):
        bus = make_bus(url)
        channel = bus.open("1")
        await say(channel, ["before "])
        process.kill()
        await say_later(channel, "during ")
        assert await channel.close(END) is False, "the end of a run does not wait for the broker"
        process.start()
        entries = await arrived(url, "run:1")
        assert "during " in "".join(event.get("text", "") for _, event in entries)
        assert entries[-1][1]["type"] == "run.finished"
        await bus.close()


async def say_later(channel, word):
    for _ in range(5):
        channel.emit(AnswerDelta(0, word))
        await asyncio.sleep(0.02)


async def arrived(url: str, key: str):
    async with asyncio.timeout(20):
        while True:
            try:
                entries, _ = await read(url, key)
            except (redis.RedisError, OSError):
                entries = []
            if entries and entries[-1][1]["type"] == "run.finished":
                return entries
            await asyncio.sleep(0.05)


async def test_a_broker_that_hangs_holds_up_nobody_and_doubles_nothing(tmp_path):
    with running_valkey(tmp_path) as (url, process):
        bus = make_bus(url)
        channel = bus.open("1")
        await say(channel, ["a"])
        await arrived_first(url)
        process.popen.send_signal(signal.SIGSTOP)
        await say_later(channel, "b")
        process.popen.send_signal(signal.SIGCONT)
        assert await channel.close(END) is True
        entries, _ = await read(url, "run:1")
        assert "".join(event.get("text", "") for _, event in entries) == "a" + "b" * 5
        assert [event["seq"] for _, event in entries] == list(range(1, len(entries) + 1))
        await bus.close()


async def arrived_first(url: str):
    async with asyncio.timeout(10):
        while len((await read(url, "run:1"))[0]) < 2:  # noqa: ASYNC110 - in another process
            await asyncio.sleep(0.01)


async def test_a_repeated_append_is_refused_and_taken_for_done(valkey_url):
    client = connect_redis(valkey_url, connections=1)
    await client.xadd("run:1", {"t": "run.failed", "d": b'{"type":"run.failed"}'}, id="2-0")
    bus = make_bus(valkey_url)
    channel = bus.open("1")
    channel.emit(RunStarted(1, "r"))
    assert await channel.close(END) is True
    entries, _ = await read(valkey_url, "run:1")
    assert [event["type"] for _, event in entries] == ["run.failed"], "the sweeper had ended it"
    await client.aclose()
    await bus.close()


async def test_a_dropped_channel_says_nothing_more(valkey_url):
    bus = make_bus(valkey_url)
    channel = bus.open("1")
    channel.emit(AnswerDelta(1, "a"))
    bus.drop(channel)
    other = bus.open("2")
    await other.close(END)
    assert await read(valkey_url, "run:1") == ([], -2)
    await bus.close()


@pytest.mark.parametrize("was_used", [False, True])
async def test_control_hears_what_is_asked_from_now_on(valkey_url, was_used):
    client = connect_redis(valkey_url, connections=2)
    if was_used:
        await client.xadd("control", {"run": "old"})
    heard: asyncio.Queue[str] = asyncio.Queue()
    listening = asyncio.ensure_future(follow_control(client, "control", heard.put_nowait))
    await asyncio.sleep(0.2)
    other = connect_redis(valkey_url, connections=1)
    for run_id in ("a", "b"):
        await other.xadd("control", {"run": run_id})
    async with asyncio.timeout(5):
        assert [await heard.get(), await heard.get()] == ["a", "b"]
    listening.cancel()
    await asyncio.gather(listening, return_exceptions=True)
    await client.aclose()
    await other.aclose()


async def test_a_whole_stream_passes_the_sdks_check(valkey_url):
    from altiplano_sdk.events import AnswerFinished, event_from_dict

    bus = make_bus(valkey_url)
    channel = bus.open("1")
    await say(channel, ["a", "b", "c"])
    channel.emit(AnswerFinished(0, "abc", abstained=False, replaced=False))
    await channel.close(END)
    entries, _ = await read(valkey_url, "run:1")
    assert_valid_run_stream([event_from_dict(event) for _, event in entries])
    await bus.close()
