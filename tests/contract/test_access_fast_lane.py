"""The lane past Django's middleware is no second door: it refuses whom the front door refuses."""

import json

import pytest
from asgiref.testing import ApplicationCommunicator
from django.core.asgi import get_asgi_application

from altiplano.config.asgi import application as with_lane
from altiplano.runs.models import Run
from tests.contract.access_matrix import ACTORS, MATRIX, expected_status
from tests.contract.routes import path_of

pytestmark = pytest.mark.django_db(transaction=True)

without_lane = get_asgi_application()

ROWS = [
    row
    for row in MATRIX
    if row.id in {"POST api/v1/apps/<app_id>/runs", "POST v1/chat/completions"}
]
KEYS = [actor for actor in ACTORS if not actor.is_person]


async def post(application, path: str, key: str | None, body: dict) -> tuple[int, dict]:
    headers = [(b"host", b"127.0.0.1"), (b"content-type", b"application/json")]
    if key is not None:
        headers.append((b"authorization", key.encode()))
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "POST",
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "headers": headers,
        "client": ("127.0.0.1", 5),
        "server": ("127.0.0.1", 80),
    }
    talk = ApplicationCommunicator(application, scope)
    await talk.send_input({"type": "http.request", "body": json.dumps(body).encode()})
    start = await talk.receive_output(10)
    content = await talk.receive_output(10)
    await talk.wait(10)
    return start["status"], json.loads(content["body"])


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.id)
async def test_lane_and_front_door_agree(world, row):
    for actor in KEYS:
        key = world.clients[actor.name].defaults.get("HTTP_AUTHORIZATION")
        for ids in (world.ids, world.unknown_ids()):
            body = {**row.body, "stream": True}
            path = path_of(row.route, ids)
            lane = await post(with_lane, path, key, body)
            door = await post(without_lane, path, key, body)
            assert lane == door, actor.name
            if ids is world.ids:
                assert lane[0] == expected_status(row, actor), actor.name


@pytest.mark.parametrize(
    "extra",
    [
        {"id": "x"},
        {"organization": "x"},
        {"state": "finished"},
        {"pipeline": []},
        {"collections": []},
        {"plugins": []},
        {"system": "x"},
    ],
    ids=str,
)
@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.id)
async def test_c09_a_question_never_brings_a_definition(world, row, extra):
    key = f"Bearer {world.owner.key}"
    body = {**row.body, "stream": True, **extra}
    path = path_of(row.route, world.ids)
    before = await Run.unscoped.acount()
    for application in (with_lane, without_lane):
        status, _ = await post(application, path, key, body)
        assert status in {400, 422}
    assert await Run.unscoped.acount() == before
