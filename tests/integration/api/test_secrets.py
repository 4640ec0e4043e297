"""C45: planted secrets appear in no answer, no log line and no page, also when things fail."""

import io
import logging

import pytest
from django.conf import settings as real_settings
from django.test import Client

from altiplano.accounts.models import ApiToken
from altiplano.config.logs import configure_logs
from altiplano.serving.models import ModelEndpoint
from tests.factories.studio import AppFactory, report_plugin

pytestmark = pytest.mark.django_db

CANARIES = {
    "ENGINE_KEY": "canary-engine-key-0123456789",
    "METRICS_TOKEN": "canary-metrics-token-0123456789",
    "SECRET_KEY": "canary-secret-key-0123456789-0123456789-0123456789",
}


@pytest.fixture
def log(settings):
    """What the real logging set-up writes, with the planted secrets known to it."""
    for name, value in CANARIES.items():
        setattr(settings, name, value)
    settings.REDIS_URL = "redis://:canary-redis-password@127.0.0.1:1/0"
    configure_logs({"level": "DEBUG", "json": True})
    handler = next(h for h in logging.getLogger().handlers if type(h) is logging.StreamHandler)
    stream = io.StringIO()
    handler.setStream(stream)
    yield stream
    configure_logs(real_settings.LOGGING)


def assert_clean(text: str) -> None:
    assert "canary" not in text


def test_debug_is_off():
    assert real_settings.DEBUG is False


@pytest.mark.parametrize("path", ["/api/v1/apps", "/api/v1/nothing", "/home/", "/nothing/"])
def test_c45_failing_requests_tell_no_secret(alice, monkeypatch, log, path):
    secrets = {**CANARIES, "key": alice.key, "url": "redis://:canary-redis-password@127.0.0.1:1/0"}

    def fail(*_args, **_kwargs):
        planted = dict(secrets)
        raise RuntimeError(f"cannot go on with {planted}")

    monkeypatch.setattr("altiplano.studio.queries.apps_of", fail)
    browser = alice.browser
    browser.raise_request_exception = False
    for client in (alice.api, browser):
        response = client.get(path)
        assert_clean(response.content.decode())
        assert alice.key not in response.content.decode()
        assert_clean(str(response.headers))
    written = log.getvalue()
    if path == "/api/v1/apps":
        assert "cannot go on with" in written, "the failure itself is on record"
    assert_clean(written)
    assert alice.key not in written


def test_c45_keys_at_rest_are_in_no_answer(alice, log):
    token = ApiToken.objects.within(alice.organization.id).get()
    ModelEndpoint.objects.create(
        name="engine",
        base_url="http://10.0.0.7/v1",
        model="m",
        sealed_key=b"canary-sealed",
        organization=alice.organization,
    )
    AppFactory(organization=alice.organization)
    report_plugin("reranker", "broken", state="quarantined")
    for path in ("/api/v1/tokens", "/api/v1/apps", "/api/v1/plugins", "/api/v1/openapi.json"):
        said = alice.api.get(path).content.decode()
        assert_clean(said)
        assert alice.key not in said
        assert token.digest not in said
        assert "10.0.0.7" not in said
    for path in ("/keys/", "/home/"):
        page = alice.browser.get(path).content.decode()
        assert alice.key not in page
        assert token.digest not in page


def test_c45_a_new_key_is_shown_once(alice):
    browser = Client()
    browser.force_login(alice.user)
    made = browser.post(
        "/api/v1/tokens", {"name": "Once", "scopes": ["read"]}, content_type="application/json"
    )
    key = made.json()["key"]
    assert key not in browser.get("/api/v1/tokens").content.decode()
    assert key not in browser.get("/keys/").content.decode()
    stored = repr(list(ApiToken.unscoped.values()))
    assert key not in stored
