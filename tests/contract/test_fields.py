"""Every field that the public contract names is answered, under its name and with its type."""

from typing import Any

import pytest
from django.test import Client

pytestmark = pytest.mark.django_db

TEXT, WHOLE, NUMBER, YES_NO, LIST, OBJECT = (
    "string", "integer", "number", "boolean", "array", "object",
)  # fmt: skip

DOCUMENT_ROW = {"id": TEXT, "name": TEXT, "state": TEXT}
COLLECTION = {
    "id": TEXT, "name": TEXT, "documents": WHOLE, "chunks": WHOLE, "bytes": WHOLE, "state": TEXT,
}  # fmt: skip
PLACE = {
    "chunk_id": WHOLE, "document_id": TEXT, "document_name": TEXT,
    "page": WHOLE, "start": WHOLE, "end": WHOLE,
}  # fmt: skip
RUN = {
    "id": TEXT, "state": TEXT, "answer": TEXT, "abstained": YES_NO,
    "citations": [{"n": WHOLE, "quote": TEXT, **PLACE}],
    "usage": {"prompt_tokens": WHOLE, "completion_tokens": WHOLE}, "timings": OBJECT,
}  # fmt: skip
APP = {"id": TEXT, "slug": TEXT, "draft": OBJECT}

PROMISED = {
    "GET /me 200": {
        "user": OBJECT, "organization": OBJECT, "role": TEXT, "scopes": LIST,
        "quota": {"runs_left": WHOLE},
    },
    "POST /collections 201": COLLECTION,
    "GET /collections 200": [COLLECTION],
    "GET /collections/{collection_id} 200": COLLECTION,
    "PATCH /collections/{collection_id} 200": COLLECTION,
    "POST /collections/{collection_id}/documents 202": [DOCUMENT_ROW],
    "GET /documents/{document_id} 200": {
        **DOCUMENT_ROW, "reason": TEXT, "progress": NUMBER, "pages": WHOLE, "chunks": WHOLE,
        "bytes": WHOLE, "language": TEXT,
    },
    "POST /collections/{collection_id}/search 200": {
        "hits": [{**PLACE, "text": TEXT, "score": NUMBER}], "took_ms": NUMBER,
    },
    "GET /documents/{document_id}/text 200": {"text": TEXT},
    "GET /plugins 200": [
        {"kind": TEXT, "plugin": TEXT, "version": TEXT, "grants": OBJECT, "state": TEXT,
         "config_schema": OBJECT},
    ],
    "POST /apps 201": APP,
    "POST /apps/{app_id}/versions 201": {"version": WHOLE},
    "POST /apps/{app_id}/publish 200": APP,
    "POST /apps/{app_id}/runs 200": RUN,
    "GET /runs/{run_id} 200": RUN,
}  # fmt: skip
"""Per operation and status, what must be in the answer; more may be."""

ACCEPTED = {
    "POST /collections": {"name", "language"},
    "POST /collections/{collection_id}/search": {"query", "k", "mode", "filter"},
    "POST /apps": {"name", "collections", "template", "pipeline"},
    "POST /apps/{app_id}/publish": {"version"},
    "POST /apps/{app_id}/runs": {"input", "history", "stream", "version"},
}
DOCUMENT_STATES = {"queued", "parsing", "embedding", "ready", "failed", "cancelled"}


@pytest.fixture(scope="module")
def description(django_db_blocker) -> dict[str, Any]:
    with django_db_blocker.unblock():
        return Client().get("/api/v1/openapi.json").json()


def resolve(schema: dict[str, Any], description: dict[str, Any]) -> dict[str, Any]:
    """The schema that is meant: references are followed, "or null" is left out."""
    if "$ref" in schema:
        return resolve(
            description["components"]["schemas"][schema["$ref"].rsplit("/", 1)[-1]], description
        )
    for alternatives in ("allOf", "anyOf"):
        if alternatives in schema:
            kinds = [each for each in schema[alternatives] if each.get("type") != "null"]
            return resolve(kinds[0], description)
    return schema


def check(promised: Any, schema: dict[str, Any], description: dict[str, Any], where: str) -> None:
    schema = resolve(schema, description)
    match promised:
        case str():
            assert schema["type"] == promised, where
        case [item]:
            assert schema["type"] == LIST, where
            check(item, schema["items"], description, f"{where}[]")
        case dict():
            missing = promised.keys() - schema["properties"].keys()
            assert not missing, f"{where} does not answer {missing}"
            for name, inner in promised.items():
                check(inner, schema["properties"][name], description, f"{where}.{name}")


@pytest.mark.parametrize("operation", PROMISED)
def test_promised_fields_are_answered_with_their_types(description, operation):
    method, path, status = operation.split()
    answer = description["paths"][f"/api/v1{path}"][method.lower()]["responses"][status]
    schema = answer["content"]["application/json"]["schema"]
    check(PROMISED[operation], schema, description, operation)


@pytest.mark.parametrize("operation", ACCEPTED)
def test_promised_fields_are_accepted(description, operation):
    method, path = operation.split()
    body = description["paths"][f"/api/v1{path}"][method.lower()]["requestBody"]["content"]
    schema = resolve(body["application/json"]["schema"], description)
    assert ACCEPTED[operation] <= schema["properties"].keys()


def test_upload_takes_repeatable_files_or_an_address(description):
    upload = description["paths"]["/api/v1/collections/{collection_id}/documents"]["post"]
    content = upload["requestBody"]["content"]
    form = resolve(content["multipart/form-data"]["schema"], description)
    assert form["properties"]["file"]["type"] == LIST
    assert "url" in resolve(content["application/json"]["schema"], description)["properties"]


def test_states_of_a_document_are_the_promised_ones(description):
    document = resolve({"$ref": "DocumentOut"}, description)
    assert set(resolve(document["properties"]["state"], description)["enum"]) == DOCUMENT_STATES
