"""The last step before a log line is written: no secret of this installation leaves in it.

Exceptions quote what they choke on, also addresses with a password and headers with a key. Code
should not log secrets; this holds when it does.
"""

import re
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import quote, urlsplit

from django.conf import settings

HIDDEN = "[hidden]"
SHORTEST_SECRET = 8
"""Shorter values would also hide ordinary words, and protect nothing."""

_KEY = re.compile(r"alti_[A-Za-z0-9_-]{16,}")
_CREDENTIALS = re.compile(r"(?i)\b(bearer|basic)(\s+)[A-Za-z0-9._~+/=-]{8,}")
_URL_PASSWORD = re.compile(r"(\w://[^/\s:@]*:)[^/\s@]+(?=@)")


def installation_secrets() -> frozenset[str]:
    """Every secret value that this process was started with."""
    return frozenset(secret for secret in _secrets() if len(secret) >= SHORTEST_SECRET)


def _secrets() -> Iterator[str]:
    for name in dir(settings):
        if name.endswith(("_KEY", "_TOKEN", "_PASSWORD")):
            value = getattr(settings, name)
            if isinstance(value, str):
                yield value
    passwords = [str(database.get("PASSWORD", "")) for database in settings.DATABASES.values()]
    passwords.append(urlsplit(settings.REDIS_URL).password or "")
    for password in passwords:
        yield password
        yield quote(password, safe="")


def hide_secrets(line: str, secrets: frozenset[str]) -> str:
    """The line with every secret, API key, credential and password in an address made unreadable."""
    for secret in secrets:
        if secret in line:
            line = line.replace(secret, HIDDEN)
    line = _KEY.sub(HIDDEN, line)
    line = _CREDENTIALS.sub(rf"\1\2{HIDDEN}", line)
    return _URL_PASSWORD.sub(rf"\1{HIDDEN}", line)


def redactor() -> Callable[[Any, str, Any], str]:
    """A structlog processor to stand after the renderer."""
    secrets = installation_secrets()

    def redact(_logger: Any, _method: str, line: Any) -> str:
        return hide_secrets(str(line), secrets)

    return redact
