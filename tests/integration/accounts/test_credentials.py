"""C06: whatever arrives where a credential belongs ends in a 401, at constant cost, unlogged."""

import logging

import pytest
from django.test import Client

pytestmark = pytest.mark.django_db

NONSENSE = [
    "",
    "'",
    "' OR '1'='1",
    "x' UNION SELECT digest FROM accounts_apitoken --",
    "%00",
    "\x00",
    "alti_" + "\x00" * 43,
    "alti_" + "a" * 43,
    "alti_" + "a" * 10_000,
    "a" * 10_000,
    "🌱" * 48,
    "alti_" + "é" * 43,
    "alti_" + "\u0660" * 43,
    "\ud800",
    "Bearer alti_x",
    "alti_\n" + "a" * 42,
    "{{7*7}}",
]


def carriers(key: str):
    """Every place a credential could be tried in; only the first is one."""
    latin = key.encode("utf-8", "surrogatepass").decode("latin-1")
    yield "bearer", {"headers": {"authorization": f"Bearer {latin}"}}
    yield "lower-case scheme", {"headers": {"authorization": f"bearer {latin}"}}
    yield "no scheme", {"headers": {"authorization": latin}}
    yield "basic", {"headers": {"authorization": f"Basic {latin}"}}
    yield "x-api-key", {"headers": {"x-api-key": latin}}
    yield "session cookie", {"headers": {"cookie": f"sessionid={latin}"}}
    yield "query", {"query_params": {"api_key": latin, "token": latin}}


@pytest.mark.parametrize("path", ["/api/v1/tokens", "/v1/models"])
@pytest.mark.parametrize("key", NONSENSE, ids=lambda key: repr(key[:24]))
def test_c06_nonsense_credentials_are_refused(path, key, django_assert_max_num_queries, caplog):
    caplog.set_level(logging.DEBUG)
    most = 1 if path.startswith("/api/") else 4  # the other door opens transactions around it
    for name, sent in carriers(key):
        with django_assert_max_num_queries(most):
            response = Client(raise_request_exception=False).get(path, **sent)
        # A NUL in an address goes no further than the first middleware.
        expected = {400} if name == "query" and "\x00" in key else {401}
        assert response.status_code in expected, name
        assert "json" in response["Content-Type"], name
    if len(key) > 8:
        assert key not in caplog.text
        assert key[:20] not in caplog.text


def test_c06_a_real_key_works_in_one_carrier_alone_and_is_never_logged(alice, caplog):
    caplog.set_level(logging.DEBUG)
    statuses = {
        name: Client().get("/api/v1/tokens", **sent).status_code
        for name, sent in carriers(alice.key)
    }
    assert {name for name, status in statuses.items() if status == 200} == {
        "bearer",
        "lower-case scheme",
    }
    assert set(statuses.values()) == {200, 401}
    assert alice.key not in caplog.text


def test_c06_wrong_key_never_falls_back_to_the_session(alice):
    browser = alice.browser
    assert browser.get("/api/v1/tokens").status_code == 200
    refused = browser.get("/api/v1/tokens", headers={"authorization": "Bearer nonsense"})
    assert refused.status_code == 401
