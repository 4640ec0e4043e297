"""C02, C03: ids in bodies are looked up in the caller's organization; columns are nobody's to set."""

import json
import uuid

import pytest

from altiplano.serving.models import ModelEndpoint
from tests.contract.access_matrix import API_ROWS, JSON
from tests.contract.routes import path_of
from tests.contract.world import fingerprint
from tests.factories.studio import AppFactory, CollectionFactory

pytestmark = pytest.mark.django_db

COLUMNS = {
    "id": "00000000-0000-7000-8000-000000000000",
    "organization": "00000000-0000-7000-8000-000000000000",
    "organization_id": "00000000-0000-7000-8000-000000000000",
    "owner": "me",
    "user_id": "00000000-0000-7000-8000-000000000000",
    "created_at": "2020-01-01T00:00:00Z",
    "created_by": "me",
    "is_staff": True,
    "is_public": True,
    "is_suspended": False,
    "published_version": 1,
    "score": 100,
    "state": "ready",
    "bytes": 0,
}
WRITING_ROWS = [row for row in API_ROWS if row.body is not None]


@pytest.mark.parametrize("row", WRITING_ROWS, ids=lambda row: row.id)
def test_c03_columns_in_a_body_are_refused(world, row):
    client = world.clients["owner"]
    before = fingerprint()
    for name, value in COLUMNS.items():
        response = client.generic(
            row.method,
            path_of(row.route, world.ids),
            json.dumps({**row.body, name: value}),
            content_type=JSON,
        )
        assert response.status_code == 422, f"{name}: {response.content}"
        assert list(response.json()["fields"]) == [name]
    assert fingerprint() == before


def filled(text: str, ids: dict[str, str]) -> str:
    for name, value in ids.items():
        text = text.replace(f"{{{name}}}", value)
    return text


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "/api/v1/apps", {"name": "N", "collections": ["{collection_id}"]}),
        ("PATCH", "/api/v1/apps/{own_app}", {"collections": ["{collection_id}"]}),
        ("PATCH", "/api/v1/apps/{own_app}", {"endpoint": "{endpoint_id}"}),
        (
            "POST",
            "/api/v1/collections/{own_collection}/search",
            {"query": "compost", "filter": {"document_ids": ["{document_id}"]}},
        ),
        ("GET", "/api/v1/apps/{own_app}/runs?before={run_id}", None),
        ("POST", "/api/v1/apps/{own_app}/publish", {"version": 1}),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_c02_foreign_ids_are_unknown(world, charlies, method, path, body):
    """Each id of Alice's is answered to Charlie as one that nothing has."""
    before = fingerprint()
    client = world.clients["outsider's key"]
    answers = []
    for ids in (world.ids, world.unknown_ids() | {"endpoint_id": str(uuid.uuid4())}):
        known = charlies | ids
        content = "" if body is None else filled(json.dumps(body), known)
        response = client.generic(method, filled(path, known), content, content_type=JSON)
        answers.append((response.status_code, response.content))
    assert answers[0] == answers[1]
    assert answers[0][0] == 404
    assert fingerprint() == before


@pytest.fixture
def charlies(world) -> dict[str, str]:
    """Charlie's own app and collection, and an endpoint that is Alice's alone."""
    organization = world.outsider.organization
    endpoint = ModelEndpoint.objects.create(
        name="hers", base_url="http://x/v1", model="m", organization=world.owner.organization
    )
    return {
        "own_app": str(AppFactory(organization=organization).id),
        "own_collection": str(CollectionFactory(organization=organization).id),
        "endpoint_id": str(endpoint.id),
    }


def test_c02_child_of_another_parent_is_unknown(world, charlies):
    """A parent of one's own opens no door to another's child."""
    outsider = world.clients["outsider"]
    for path in (
        f"/api/v1/collections/{charlies['own_collection']}/documents/{world.ids['document_id']}",
        f"/api/v1/apps/{charlies['own_app']}/runs/{world.ids['run_id']}",
        f"/api/v1/apps/{charlies['own_app']}/versions/1",
        f"/v1/models/{world.outsider.organization.slug}/{world.ids['app']}",
    ):
        assert outsider.get(path).status_code in {401, 404}
    key = world.clients["outsider's key"]
    own_slug = world.outsider.organization.slug
    assert key.get(f"/v1/models/{own_slug}/{world.ids['app']}").status_code == 404
    assert key.get(f"/v1/models/{uuid.uuid4()}/{world.ids['app']}").status_code == 404
