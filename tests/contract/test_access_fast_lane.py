"""The lane past Django's middleware is no second door: it refuses whom the front door refuses."""

import json

import pytest
from asgiref.sync import async_to_sync
from asgiref.testing import ApplicationCommunicator

from altiplano.config.json_body import parse_json
from altiplano.runs.interfaces.fast_lane import FastLane
from tests.contract.access_matrix import ACTORS, JSON, MATRIX, expected_status
from tests.contract.routes import path_of
from tests.contract.world import fingerprint

pytestmark = pytest.mark.django_db

PASSED_ON = 299
"""The lane left the request to the front door."""

ROWS = [
    row
    for row in MATRIX
    if row.id in {"POST api/v1/apps/<app_id>/runs", "POST v1/chat/completions"}
]
KEYS = [actor for actor in ACTORS if not actor.is_person]


async def pass_on(scope, receive, send) -> None:
    await send({"type": "http.response.start", "status": PASSED_ON, "headers": []})
    await send({"type": "http.response.body", "body": b"{}"})


@async_to_sync
async def take_lane(path: str, key: str | None, body: dict) -> tuple[int, dict]:
    """Within the test's transaction: what the lane asks of the database runs in this thread."""
    headers = [(b"content-type", b"application/json")]
    if key is not None:
        headers.append((b"authorization", key.encode()))
    scope = {"type": "http", "method": "POST", "path": path, "headers": headers}
    talk = ApplicationCommunicator(FastLane(pass_on, parse=parse_json), scope)
    await talk.send_input({"type": "http.request", "body": json.dumps(body).encode()})
    start = await talk.receive_output(10)
    content = await talk.receive_output(10)
    await talk.wait(10)
    return start["status"], json.loads(content["body"])


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.id)
def test_lane_and_front_door_agree(world, row):
    taken = 0
    before = fingerprint()
    body = {**row.body, "stream": True}
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
    body = {**row.body, "stream": True, extra: []}
    path = path_of(row.route, world.ids)
    client = world.clients["owner's key"]
    before = fingerprint()
    lane, _ = take_lane(path, client.defaults["HTTP_AUTHORIZATION"], body)
    assert lane in {400, PASSED_ON}
    assert client.post(path, body, content_type=JSON).status_code in {400, 422}
    assert fingerprint() == before
