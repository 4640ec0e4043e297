"""Everything that goes wrong under /api/ is said in one form, and nothing in it is a 500."""

import pytest
from django.db import DatabaseError
from django.test import Client

from altiplano.studio.models import App

pytestmark = pytest.mark.django_db

JSON = "application/json"


def check(response, status: int, code: str) -> dict:
    assert response.status_code == status, response.content
    assert response["Content-Type"] == "application/problem+json"
    said = response.json()
    assert said["code"] == code
    assert said["status"] == status
    assert said["type"] == "about:blank"
    assert said["title"]
    assert said["detail"].endswith(".")
    return said


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("get", "/api/", 404, "not_found"),
        ("get", "/api/v1/", 404, "not_found"),
        ("get", "/api/v1/nothing-here", 404, "not_found"),
        ("get", "/api/v1/apps/", 404, "not_found"),
        ("get", "/api/v2/apps", 404, "not_found"),
        ("get", "/api/v1/apps/nonsense", 404, "not_found"),
        ("get", "/api/v1/apps/%00", 400, "bad_request"),
        ("get", "/api/v1/apps/..%2f..%2fetc%2fpasswd", 404, "not_found"),
        ("get", "/api/v1/apps/" + "9" * 5000, 404, "not_found"),
        ("get", "/api/v1/apps/%F0%9F%8C%B1", 404, "not_found"),
        ("get", "/api/v1/apps/%ED%A0%80", 404, "not_found"),
        ("get", "/api/v1/apps/%FF", 404, "not_found"),
        ("get", "/api/v1/apps?limit=%00", 400, "bad_request"),
        ("get", "/api/v1/apps?limit=1&limit=2", 200, ""),
        ("put", "/api/v1/apps", 405, "method_not_allowed"),
        ("head", "/api/v1/apps", 405, ""),
        ("options", "/api/v1/apps", 405, "method_not_allowed"),
        ("trace", "/api/v1/apps", 405, "method_not_allowed"),
        ("post", "/api/v1/nothing-here", 404, "not_found"),
    ],
)
def test_every_address_and_method_answers_in_form(alice, method, path, status, code):
    response = getattr(alice.api, method)(path)
    if code:
        check(response, status, code)
    else:
        assert response.status_code == status
    if status == 405:
        assert set(response["Allow"].split(", ")) == {"GET", "POST"}


@pytest.mark.parametrize(
    ("body", "content_type", "status", "code"),
    [
        ("", JSON, 422, "invalid"),
        ("{", JSON, 400, "malformed_json"),
        ("[]", JSON, 422, "invalid"),
        ('"text"', JSON, 422, "invalid"),
        ("null", JSON, 422, "invalid"),
        ("7", JSON, 422, "invalid"),
        (b"\xff\xfe", JSON, 400, "malformed_json"),
        ('{"name": "a", "name": "b"}', JSON, 400, "malformed_json"),
        ('{"name": "a\\u0000", "template": "chat"}', JSON, 400, "invalid"),
        ('{"name": "\\ud800", "template": "chat"}', JSON, 400, "invalid"),
        ('{"name": ' + "9" * 5000 + "}", JSON, 400, "invalid"),
        ('{"name": NaN}', JSON, 400, "malformed_json"),
        ('{"name": ' + "[" * 5000 + "]" * 5000 + "}", JSON, 400, "invalid"),
        ('{"name": "a", "template": "chat", "\\u202e": 1}', JSON, 422, "invalid"),
        ('{"name": "a"}', "text/plain", 415, "unsupported_media_type"),
        ("name=a", "application/x-www-form-urlencoded", 415, "unsupported_media_type"),
        ('{"name": "a"}', "", 415, "unsupported_media_type"),
        ("x", "multipart/form-data", 415, "unsupported_media_type"),
    ],
)
def test_bad_body_is_refused_and_nothing_is_written(alice, body, content_type, status, code):
    response = alice.api.generic("POST", "/api/v1/apps", body, content_type=content_type)
    check(response, status, code)
    assert App.unscoped.count() == 0


def test_json_is_utf8_whatever_its_charset_says(alice):
    body = '{"name": "École", "template": "chat"}'.encode()
    made = alice.api.generic(
        "POST", "/api/v1/apps", body, content_type="application/json; charset=klingon"
    )
    assert (made.status_code, made.json()["name"]) == (201, "École")


def test_fields_at_fault_are_named_with_reasons(alice):
    body = {"collections": 5, "owner": "me"}
    said = check(alice.api.post("/api/v1/apps", body, content_type=JSON), 422, "invalid")
    assert said["fields"] == {
        "name": "is missing",
        "collections": "input should be a valid list",
        "owner": "there is no such field",
    }


def test_hostile_field_name_is_not_echoed_raw(alice):
    body = {"name": "a", "<script>\u202e" + "x" * 5000: 1}
    said = check(alice.api.post("/api/v1/apps", body, content_type=JSON), 422, "invalid")
    assert max(map(len, said["fields"])) <= 100
    assert "\u202e" not in said["detail"]


def test_too_large_a_body_is_refused(alice, settings):
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 1000
    body = {"name": "x" * 2000}
    check(alice.api.post("/api/v1/apps", body, content_type=JSON), 413, "too_large")


def test_wrong_host_is_refused_in_form(alice):
    check(alice.api.get("/api/v1/apps", headers={"host": "evil.example"}), 400, "bad_request")


def test_problem_carries_the_headers_of_every_answer(client):
    refused = client.put("/api/v1/apps")
    assert refused["X-Content-Type-Options"] == "nosniff"
    assert "default-src 'self'" in refused["Content-Security-Policy"]
    assert refused["Content-Length"] == str(len(refused.content))


def test_unforeseen_error_tells_an_id_and_no_more(alice, monkeypatch, caplog):
    def fail(*_):
        raise DatabaseError("relation accounts_apitoken does not exist at 10.0.0.7")

    monkeypatch.setattr("altiplano.studio.queries.apps_of", fail)
    said = check(alice.api.get("/api/v1/apps"), 500, "internal_error")
    assert "10.0.0.7" not in str(said)
    incident = said["instance"].removeprefix("urn:uuid:")
    assert incident in said["detail"]
    assert incident in caplog.text
    assert "10.0.0.7" in caplog.text, "the operator learns why"


def test_error_outside_the_routes_is_in_form_too(monkeypatch):
    def fail(*_):
        raise RuntimeError("in a middleware")

    monkeypatch.setattr("django.middleware.locale.LocaleMiddleware.process_request", fail)
    response = Client(raise_request_exception=False).get("/api/v1/apps")
    check(response, 500, "failed")
    assert "in a middleware" not in response.content.decode()


def test_pages_keep_their_own_errors(client):
    response = client.get("/nothing-here/")
    assert response.status_code == 404
    assert response["Content-Type"].startswith("text/html")


def test_description_is_open_and_loads_nothing_from_elsewhere(client):
    assert client.get("/api/v1/openapi.json").status_code == 200
    assert client.get("/api/v1/docs").status_code == 404
