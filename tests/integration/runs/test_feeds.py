"""C33: whoever is cut off and comes back reads the same text, without gap or repeat."""

import asyncio
import random

import pytest
from asgiref.sync import async_to_sync

from altiplano.runs import feeds
from altiplano.runs.event_log import append_terminal_event, client
from altiplano.runs.models import Answer, Run
from tests.factories.runs import RunFactory
from tests.integration.runs.streaming import (
    TEXT,
    append,
    events_of,
    forget,
    read_run,
    text_of,
)

pytestmark = pytest.mark.django_db

read = async_to_sync(read_run)


@pytest.fixture(autouse=True)
def own_client(valkey_url):
    """The process's blocking client, for this test's server."""
    client.cache_clear()
    yield
    client().close()
    client.cache_clear()


@pytest.fixture
def run(db):
    return RunFactory(state="running")


def finish(run):
    """The run is over in the database, as a worker stores it."""
    events = [
        {
            key: value
            for key, value in event.items()
            if key != "text" or event["type"] != "answer.delta"
        }
        for event in events_of(run.id)
        if event["type"] != "run.finished"
    ]
    seen_delta = False
    kept = []
    for event in events:
        if event["type"] == "answer.delta":
            if seen_delta:
                continue
            seen_delta = True
        kept.append(event)
    Answer.objects.create(run=run, text=TEXT, events=kept)
    Run.unscoped.filter(id=run.id).update(state="finished")


def test_a_run_is_read_from_its_beginning_to_its_end(valkey_url, run):
    append(valkey_url, run.id, events_of(run.id))
    seen = read(run.id)
    assert [event for _, event in seen] == events_of(run.id)
    assert [event_id for event_id, _ in seen] == [f"{n}-0" for n in range(1, len(seen) + 1)]


def test_c33_cut_at_ten_random_points_the_text_is_the_same(valkey_url, run):
    append(valkey_url, run.id, events_of(run.id))
    length = len(events_of(run.id))
    for cut in random.Random(33).sample(range(1, length), 10):
        first = read(run.id, count=cut)
        rest = read(run.id, after=first[-1][0])
        assert [event for _, event in first + rest] == events_of(run.id)


def test_c33_cut_while_the_answer_is_growing(valkey_url, run):
    events = events_of(run.id)
    append(valkey_url, run.id, events[:6])
    first = read(run.id, count=6)
    append(valkey_url, run.id, events[6:])
    rest = read(run.id, after=first[-1][0])
    assert [event for _, event in first + rest] == events


def test_c33_an_id_that_is_no_longer_there_is_answered_by_a_reset(valkey_url, run):
    append(valkey_url, run.id, events_of(run.id)[8:])
    finish(run)
    for after in ("", "3-0", "9999-0"):
        seen = read(run.id, after=after)
        assert [event["type"] for _, event in seen] == ["reset", "run.finished"], after
        assert seen[0][1]["run"]["answer"] == TEXT


def test_c33_after_the_stream_is_gone_the_database_tells_the_run(valkey_url, run):
    append(valkey_url, run.id, events_of(run.id))
    first = read(run.id, count=5)
    forget(valkey_url, run.id)
    finish(run)
    assert text_of(read(run.id)) == TEXT
    resumed = read(run.id, after=first[-1][0])
    assert resumed[0][1]["type"] == "reset"
    assert text_of(first + resumed) == TEXT


def test_c33_a_replay_that_is_cut_goes_on_where_it_was(valkey_url, run):
    finish(run)
    whole = read(run.id)
    for cut in range(1, len(whole)):
        rest = read(run.id, after=whole[cut - 1][0])
        assert whole[:cut] + rest == whole
    assert read(run.id, after=whole[-1][0]) == []


def test_nothing_comes_after_the_last_event(valkey_url, run):
    append(valkey_url, run.id, events_of(run.id))
    finish(run)
    last = read(run.id)[-1][0]
    assert read(run.id, after=last) == []


def test_a_stream_whose_beginning_was_trimmed_resets_and_still_ends(valkey_url, run):
    events = events_of(run.id)
    append(valkey_url, run.id, events[5:8])

    async def read_while_it_grows():
        reading = asyncio.ensure_future(read_run(run.id))
        await asyncio.sleep(0.3)
        append(valkey_url, run.id, events[8:])
        return await reading

    seen = async_to_sync(read_while_it_grows)()
    kinds = [event["type"] for _, event in seen]
    assert kinds == ["reset", "answer.finished", "run.finished"], "no delta without its beginning"
    assert text_of(seen) == TEXT
    resumed = read(run.id, after=seen[0][0])
    assert [event["type"] for _, event in resumed] == ["answer.finished", "run.finished"]


def test_a_gap_in_the_stream_is_never_passed_over(valkey_url, run):
    events = events_of(run.id)
    append(valkey_url, run.id, events[:4] + events[7:])
    seen = read(run.id)
    kinds = [event["type"] for _, event in seen]
    assert "reset" in kinds
    assert "answer.delta" not in kinds[kinds.index("reset") :]
    assert text_of(seen) == TEXT


def test_a_dead_workers_run_ends_for_its_readers(valkey_url, run):
    append(valkey_url, run.id, events_of(run.id)[:5])
    Run.unscoped.filter(id=run.id).update(
        state="failed", error_code="worker_died", error_message="Ask again."
    )
    assert append_terminal_event(
        run.id, {"type": "run.failed", "code": "worker_died", "message": "Ask again."}
    )
    seen = read(run.id)
    assert [event["seq"] for _, event in seen] == [1, 2, 3, 4, 5, 6]
    assert seen[-1][1]["type"] == "run.failed"


def test_a_worker_that_comes_back_to_life_is_not_read(valkey_url, run):
    events = events_of(run.id)
    append(valkey_url, run.id, events[:3])
    append_terminal_event(run.id, {"type": "run.failed", "code": "x", "message": "Y."})
    append(valkey_url, run.id, events[5:])
    assert [event["type"] for _, event in read(run.id)][-1] == "run.failed"


def test_a_silent_stream_asks_the_database_and_ends(valkey_url, run, monkeypatch):
    monkeypatch.setattr(feeds, "LOOK_SECONDS", 0.1)
    append(valkey_url, run.id, events_of(run.id)[:5])

    async def read_until_told():
        reading = asyncio.ensure_future(read_run(run.id))
        await asyncio.sleep(0.5)
        return reading

    async def scenario():
        from altiplano.kernel.database_threads import write_database

        reading = await read_until_told()
        await write_database(lambda: finish(run))
        return await reading

    seen = async_to_sync(scenario)()
    assert [event["type"] for _, event in seen][-2:] == ["reset", "run.finished"]
    assert text_of(seen) == TEXT


def test_an_answer_ends_even_without_redis(run, settings, monkeypatch):
    monkeypatch.setattr(feeds, "LOOK_SECONDS", 0.1)
    settings.REDIS_URL = "redis://127.0.0.1:9/0"
    finish(run)
    assert text_of(read(run.id)) == TEXT


@pytest.mark.parametrize("told", [0, 3], ids=["before it began", "in the middle"])
def test_the_readers_of_a_deleted_run_do_not_wait_for_ever(valkey_url, run, monkeypatch, told):
    monkeypatch.setattr(feeds, "LOOK_SECONDS", 0.1)
    append(valkey_url, run.id, events_of(run.id)[:told])
    run_id = run.id
    run.delete()
    *before, (event_id, last) = read(run_id)
    assert [event for _, event in before] == events_of(run_id)[:told]
    assert (last["type"], last["code"], last["seq"]) == ("run.failed", "run_deleted", told + 1)
    assert last["message"].endswith(".")
    (again,) = read(run_id, after=event_id)
    assert again[1]["code"] == "run_deleted"


def test_two_readers_of_one_run_read_the_same(valkey_url, run):
    events = events_of(run.id)
    append(valkey_url, run.id, events[:4])

    async def scenario():
        from altiplano.runs.relay import Relay

        relay = Relay()

        async def read_all(pause):
            await asyncio.sleep(pause)
            seen = []
            async for batch in feeds.follow_run(relay.hub, run.id):
                seen += [entry.seq for entry in batch]
            return seen

        readers = [asyncio.ensure_future(read_all(pause)) for pause in (0, 0.1, 0.3)]
        await asyncio.sleep(0.2)
        append(valkey_url, run.id, events[4:9])
        await asyncio.sleep(0.3)
        append(valkey_url, run.id, events[9:])
        result = await asyncio.gather(*readers)
        await relay.close()
        return result

    assert async_to_sync(scenario)() == [[event["seq"] for event in events]] * 3
