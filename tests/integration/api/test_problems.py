"""Everything that goes wrong where programs ask is said in their form, and nothing is a 500."""

import pytest
from django.db import DatabaseError
from django.test import Client, override_settings

from altiplano.studio.models import App
from tests.factories.studio import AppFactory

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


def test_body_that_is_no_object_is_said_without_our_own_names(alice):
    said = check(alice.api.post("/api/v1/apps", [], content_type=JSON), 422, "invalid")
    assert said["fields"] == {"body": "must be a JSON object"}


@pytest.mark.parametrize("version", ["nope", 0, True, "1"])
def test_field_of_several_kinds_is_named_once_with_each_reason(alice, version):
    app = AppFactory(organization=alice.organization)
    body = {"input": "How long?", "version": version}
    said = check(
        alice.api.post(f"/api/v1/apps/{app.id}/runs", body, content_type=JSON), 422, "invalid"
    )
    assert list(said["fields"]) == ["version"]
    assert said["fields"]["version"].startswith("input should be 'draft', or input should be ")


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
    response = client.get("/nothing-here/", headers={"accept": "text/html,*/*;q=0.8"})
    assert response.status_code == 404
    assert response["Content-Type"].startswith("text/html")


def test_program_that_takes_json_alone_gets_no_page(client):
    check(client.get("/nothing-here/", headers={"accept": JSON}), 404, "not_found")


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/metrics"])
@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS"])
def test_watchers_addresses_refuse_other_methods_in_form(path, method):
    response = Client(enforce_csrf_checks=True).generic(method, path)
    check(response, 405, "method_not_allowed")
    assert response["Allow"] == "GET, HEAD"


@override_settings(METRICS_TOKEN="the-token")
def test_hidden_metrics_are_a_problem_like_any_unknown_address(client):
    check(client.get("/metrics"), 404, "not_found")


@pytest.mark.parametrize(
    ("path", "host", "status", "kind", "code"),
    [
        ("/v1/nothing-here", "testserver", 404, "not_found_error", "not_found"),
        ("/v1/", "testserver", 404, "not_found_error", "not_found"),
        ("/v1/models/a%00", "testserver", 400, "invalid_request_error", "bad_request"),
        ("/v1/models", "evil.example", 400, "invalid_request_error", "bad_request"),
    ],
)
def test_openai_clients_read_every_error_in_their_protocol(client, path, host, status, kind, code):
    response = client.get(path, headers={"host": host})
    assert response.status_code == status
    assert response["Content-Type"] == JSON
    error = response.json()["error"]
    assert (error["type"], error["code"], error["param"]) == (kind, code, None)
    assert error["message"].endswith(".")


def test_description_is_open_and_loads_nothing_from_elsewhere(client):
    assert client.get("/api/v1/openapi.json").status_code == 200
    assert client.get("/api/v1/docs").status_code == 404
