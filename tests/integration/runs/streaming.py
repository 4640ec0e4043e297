"""A run's stream, written as a worker writes it, and read as a browser reads it."""

import orjson
import redis

from altiplano.runs.event_log import stream_key
from altiplano.runs.feeds import follow_run
from altiplano.runs.relay import Relay
from altiplano.runs.stream_positions import START, parse_position

WORDS = [f"word{n} " for n in range(12)]
TEXT = "".join(WORDS)


def events_of(run_id):
    """A whole run with twelve deltas, numbered from 1."""
    events = [
        {"type": "run.started", "run_id": str(run_id)},
        *({"type": "answer.delta", "text": word} for word in WORDS),
        {"type": "answer.finished", "text": TEXT, "abstained": False, "replaced": False},
        {"type": "run.finished", "usage": {}, "timings": {}},
    ]
    return [{**event, "seq": seq} for seq, event in enumerate(events, start=1)]


def append(url, run_id, events):
    with redis.Redis.from_url(url) as client:
        for event in events:
            client.xadd(
                stream_key(run_id),
                {"t": event["type"], "d": orjson.dumps(event)},
                id=f"{event['seq']}-0",
            )


def forget(url, run_id):
    with redis.Redis.from_url(url) as client:
        client.delete(stream_key(run_id))


async def read_run(run_id, *, after: str = "", count: int = 10_000):
    """At most ``count`` events ``(id, event)`` of the run, by a reader of its own."""
    relay = Relay()
    feed = follow_run(relay.hub, run_id, after=parse_position(after) if after else START)
    seen = []
    try:
        async for batch in feed:
            seen += [(entry.id.decode(), orjson.loads(entry.data)) for entry in batch]
            if len(seen) >= count:
                break
    finally:
        await feed.aclose()
        await relay.close()
    return seen[:count]


def text_of(seen):
    """What a reader has before it at the end."""
    text = ""
    for _, event in seen:
        if event["type"] == "reset":
            text = event["run"]["answer"]
        elif event["type"] == "answer.delta":
            text += event["text"]
        elif event["type"] == "answer.finished":
            text = event["text"]
    return text
