"""Secrets do not leave in a log line, whoever wrote it."""

import pytest

from altiplano.config.redaction import HIDDEN, hide_secrets, installation_secrets

KEY = "alti_" + "Ab3-_" * 8 + "xyz"


@pytest.mark.parametrize(
    ("line", "secret"),
    [
        (f"key {KEY} was refused", KEY),
        (f"Authorization: Bearer {KEY}", KEY),
        ("{'authorization': 'Bearer sk-abcdef123456'}", "sk-abcdef123456"),
        ("Basic YWxpY2U6c2VjcmV0", "YWxpY2U6c2VjcmV0"),
        ("redis://:hunter2hunter2@127.0.0.1:6379/0", "hunter2hunter2"),
        ("could not reach postgres://alti:p%40ss@db/alti", "p%40ss"),
        ("the planted-value-of-this-test is here", "planted-value-of-this-test"),
    ],
)
def test_secret_is_hidden_and_the_rest_stays(line, secret):
    shown = hide_secrets(line, frozenset({"planted-value-of-this-test"}))
    assert secret not in shown
    assert HIDDEN in shown
    assert shown.split()[-1] == line.replace(secret, HIDDEN).split()[-1]


@pytest.mark.parametrize(
    "line",
    [
        "request.failed path=/api/v1/apps incident=01a2079b-e06b-7892-89da-799730dbe31c",
        "GET https://example.org/a:b/c@d",
        "the bearer of news",
        "alti_short",
    ],
)
def test_ordinary_lines_are_untouched(line):
    assert hide_secrets(line, frozenset()) == line


def test_secrets_of_the_installation_are_known(settings):
    settings.ENGINE_KEY = "engine-key-engine-key"
    settings.METRICS_TOKEN = "short"
    settings.REDIS_URL = "redis://:pass%2Fword-of-redis@127.0.0.1:6379/0"
    known = installation_secrets()
    assert {"engine-key-engine-key", "pass%2Fword-of-redis", settings.SECRET_KEY} <= known
    assert "short" not in known
