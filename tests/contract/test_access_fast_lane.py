"""The lane past Django's middleware is no second door: it refuses whom the front door refuses."""

import json

import pytest
from asgiref.sync import async_to_sync
from asgiref.testing import ApplicationCommunicator
from django.conf import settings
from django.utils import timezone

from altiplano.accounts.models import ApiToken
from altiplano.config.fast_doors import DOORS
from altiplano.config.fast_lane import FastLane
from altiplano.knowledge import search
from altiplano.knowledge import search_wire as wire
from tests.contract.access_matrix import ACTORS, JSON, MATRIX, expected_status
from tests.contract.routes import path_of
from tests.contract.world import fingerprint

pytestmark = pytest.mark.django_db

PASSED_ON = 299
"""The lane left the request to the front door."""

SEARCH = "POST api/v1/collections/<collection_id>/search"
ROWS = [
    row
    for row in MATRIX
    if row.id in {"POST api/v1/apps/<app_id>/runs", "POST v1/chat/completions", SEARCH}
]
SEARCH_ROW = next(row for row in ROWS if row.id == SEARCH)
KEYS = [actor for actor in ACTORS if not actor.is_person]


async def pass_on(scope, receive, send) -> None:
    await send({"type": "http.response.start", "status": PASSED_ON, "headers": []})
    await send({"type": "http.response.body", "body": b"{}"})


@async_to_sync
async def send_along_lane(path: str, headers: dict[str, str], body: bytes, query: bytes = b""):
    """Within the test's transaction: what the lane asks of the database runs in this thread."""
    sent = {"host": "testserver", "content-type": JSON, **headers}
    scope = {
        "type": "http",
        "method": "POST",
        "path": path,
        "query_string": query,
        "headers": [(name.encode(), value.encode()) for name, value in sent.items()],
    }
    talk = ApplicationCommunicator(FastLane(pass_on, DOORS), scope)
    await talk.send_input({"type": "http.request", "body": body})
    start = await talk.receive_output(10)
    content = await talk.receive_output(10)
    await talk.wait(10)
    said = {name.decode(): value.decode() for name, value in start["headers"]}
    return start["status"], json.loads(content["body"]), said


def take_lane(path: str, key: str | None, body: dict) -> tuple[int, dict]:
    headers = {} if key is None else {"authorization": key}
    return send_along_lane(path, headers, json.dumps(body).encode())[:2]


def body_of(row) -> dict:
    return {**row.body} if row is SEARCH_ROW else {**row.body, "stream": True}


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.id)
def test_lane_and_front_door_agree(world, row):
    taken = 0
    before = fingerprint()
    body = body_of(row)
    for actor in KEYS:
        client = world.clients[actor.name]
        for ids in (world.ids, world.unknown_ids()):
            path = path_of(row.route, ids)
            lane = take_lane(path, client.defaults.get("HTTP_AUTHORIZATION"), body)
            door = client.post(path, body, content_type=JSON)
            if ids is world.ids:
                assert door.status_code == expected_status(row, actor), actor.name
            if lane[0] != PASSED_ON:
                assert lane == (door.status_code, door.json()), actor.name
                taken += 1
    assert taken == 2 * (len(KEYS) - 1), "all but the anonymous"
    assert fingerprint() == before


@pytest.mark.parametrize(
    "extra",
    ["id", "organization", "state", "pipeline", "collections", "plugins", "system", "prompt"],
)
@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.id)
def test_c09_a_question_never_brings_a_definition(world, row, extra):
    body = {**body_of(row), extra: []}
    path = path_of(row.route, world.ids)
    client = world.clients["owner's key"]
    before = fingerprint()
    lane, _ = take_lane(path, client.defaults["HTTP_AUTHORIZATION"], body)
    assert lane in {400, PASSED_ON}
    assert client.post(path, body, content_type=JSON).status_code in {400, 422}
    assert fingerprint() == before


def front_door(world, body: bytes, **headers):
    client = world.clients["owner's key"]
    return client.post(path_of(SEARCH_ROW.route, world.ids), body, content_type=JSON, **headers)


def search_lane(world, body: bytes, headers=None, query=b""):
    key = world.clients["owner's key"].defaults["HTTP_AUTHORIZATION"]
    sent = {"authorization": key, **(headers or {})}
    return send_along_lane(path_of(SEARCH_ROW.route, world.ids), sent, body, query)


QUESTION = json.dumps(SEARCH_ROW.body).encode()
HIT = wire.SearchHit(7, "0" * 32, "häuser.txt", 1, 0, 5, "Grüße", 0.5)


@pytest.mark.parametrize("language", [None, "fr", "fr-CA,en;q=0.5", "xx"])
@pytest.mark.parametrize("body", [QUESTION, b'{"query": "\\u200b"}'], ids=["unanswered", "refused"])
def test_search_errors_are_the_same_word_for_word(world, language, body):
    headers = {} if language is None else {"accept-language": language}
    status, said, found = search_lane(world, body, headers)
    door = front_door(world, body, headers=headers)
    assert (status, said) == (door.status_code, door.json())
    assert found == {name.lower(): value for name, value in door.headers.items()}


def test_search_hits_and_headers_are_the_same(world, monkeypatch):
    monkeypatch.setattr(search, "_ask", lambda request: wire.SearchReply(hits=(HIT,)))
    status, said, found = search_lane(world, QUESTION)
    door = front_door(world, QUESTION)
    assert (status, said["hits"]) == (door.status_code, door.json()["hits"])
    assert said["hits"][0]["text"] == "Grüße"
    expected = {name.lower(): value for name, value in door.headers.items()}
    # Both count their own body, which holds the time that it took.
    assert int(found.pop("content-length")) > 0
    assert int(expected.pop("content-length")) > 0
    assert found == expected


@pytest.mark.parametrize(
    ("body", "headers", "query"),
    [
        (QUESTION, {"cookie": "sessionid=x"}, b""),
        (QUESTION, {"host": "elsewhere.example"}, b""),
        (QUESTION, {"content-type": "text/plain"}, b""),
        (QUESTION, {"content-encoding": "gzip"}, b""),
        (QUESTION, {}, b"page=%00"),
        (b"{", {}, b""),
        (b"[]", {}, b""),
        (b'{"query": "a", "query": "b"}', {}, b""),
        (b'{"query": "a", "k": 51}', {}, b""),
        (QUESTION + b" " * settings.DATA_UPLOAD_MAX_MEMORY_SIZE, {}, b""),
    ],
)
def test_unusual_searches_are_left_to_the_front_door(world, body, headers, query):
    assert search_lane(world, body, headers, query)[0] == PASSED_ON


def test_revoked_key_finds_nothing_at_the_very_next_search(world, monkeypatch):
    monkeypatch.setattr(search, "_ask", lambda request: wire.SearchReply(hits=(HIT,)))
    assert search_lane(world, QUESTION)[0] == 200
    ApiToken.unscoped.update(revoked_at=timezone.now())
    status, said, _ = search_lane(world, QUESTION)
    assert (status, said["code"]) == (401, "key_revoked")
