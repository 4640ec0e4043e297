"""Typed readers for the process environment. Nonsense stops the start with a clear sentence.

Every variable starts with ``ALTIPLANO_``. A secret may come from a file: ``NAME_FILE`` names it.
"""

import os
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import SplitResult, unquote, urlsplit

PREFIX = "ALTIPLANO_"
TRUE_WORDS = frozenset({"1", "true", "yes", "on"})
FALSE_WORDS = frozenset({"0", "false", "no", "off", ""})


class SettingError(Exception):
    """An environment variable holds something that makes no sense."""


def read_str(name: str, default: str = "") -> str:
    return os.environ.get(PREFIX + name, default)


def read_choice(name: str, choices: tuple[str, ...], default: str = "") -> str:
    raw = os.environ.get(PREFIX + name, "").strip().lower() or default
    if raw and raw not in choices:
        raise SettingError(f"{PREFIX}{name} must be one of {', '.join(choices)}, not {raw!r}.")
    return raw


def read_bool(name: str, *, default: bool) -> bool:
    raw = os.environ.get(PREFIX + name)
    if raw is None:
        return default
    word = raw.strip().lower()
    if word in TRUE_WORDS:
        return True
    if word in FALSE_WORDS:
        return False
    raise SettingError(f"{PREFIX}{name} must be yes or no, not {raw!r}.")


def read_int(name: str, default: int, *, minimum: int = 0, maximum: int = 2**62) -> int:
    raw = os.environ.get(PREFIX + name)
    if raw is None or not raw.strip():
        return default
    try:
        value = int(raw)
    except ValueError:
        raise SettingError(f"{PREFIX}{name} must be a whole number, not {raw!r}.") from None
    if not minimum <= value <= maximum:
        raise SettingError(f"{PREFIX}{name} must lie between {minimum} and {maximum}.")
    return value


def read_float(name: str, default: float, *, minimum: float = 0.0) -> float:
    raw = os.environ.get(PREFIX + name)
    if raw is None or not raw.strip():
        return default
    try:
        value = float(raw)
    except ValueError:
        raise SettingError(f"{PREFIX}{name} must be a number, not {raw!r}.") from None
    if not value >= minimum:
        raise SettingError(f"{PREFIX}{name} must be at least {minimum}.")
    return value


def read_list(name: str, default: tuple[str, ...] = ()) -> list[str]:
    raw = os.environ.get(PREFIX + name)
    if raw is None:
        return list(default)
    return [item.strip() for item in raw.split(",") if item.strip()]


def read_secret(name: str, default: str = "") -> str:
    """The variable's value, or the content of the file that ``NAME_FILE`` names."""
    path = os.environ.get(f"{PREFIX}{name}_FILE")
    if path:
        try:
            return Path(path).read_text(encoding="utf-8").strip()
        except OSError as error:
            raise SettingError(
                f"{PREFIX}{name}_FILE names a file that cannot be read: {error.strerror}."
            ) from None
    return os.environ.get(PREFIX + name, default)


def read_path(name: str, default: Path) -> Path:
    raw = os.environ.get(PREFIX + name)
    return Path(raw).expanduser().resolve() if raw else default.resolve()


def read_database(name: str, default: str) -> dict[str, object]:
    """Django's settings for ``sqlite:///PATH`` or ``postgres://USER:PASSWORD@HOST:PORT/NAME``."""
    url = urlsplit(read_secret(name, default))
    if url.scheme == "sqlite":
        return _sqlite(url)
    if url.scheme in {"postgres", "postgresql"}:
        return _postgresql(url)
    raise SettingError(f"{PREFIX}{name} must start with sqlite:/// or postgres://.")


def _sqlite(url: SplitResult) -> dict[str, object]:
    return {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": unquote(url.path.removeprefix("/")) if url.path.startswith("//") else url.path,
        # IMMEDIATE: a read that turns into a write would otherwise fail at once instead of waiting.
        "OPTIONS": {
            "transaction_mode": "IMMEDIATE",
            "timeout": 20,
            "init_command": (
                "PRAGMA journal_mode=WAL;PRAGMA synchronous=NORMAL;PRAGMA mmap_size=134217728;"
                "PRAGMA cache_size=-16000;PRAGMA temp_store=MEMORY;"
            ),
        },
    }


def _postgresql(url: SplitResult) -> dict[str, object]:
    options: dict[str, object] = {"pool": False}
    host = url.hostname or ""
    for pair in url.query.split("&"):
        key, _, value = pair.partition("=")
        if key == "host":
            host = unquote(value)
        elif key:
            options[key] = unquote(value)
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": unquote(url.path.lstrip("/")),
        "USER": unquote(url.username or ""),
        "PASSWORD": unquote(url.password or ""),
        "HOST": host,
        "PORT": str(url.port or ""),
        "CONN_MAX_AGE": 60,
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": options,
    }


MAIL_PORTS = {"smtp": 25, "smtp+starttls": 587, "smtps": 465}


@dataclass(frozen=True, slots=True)
class MailServer:
    """Where mail goes out. Without a host there is none, and mails are written to files."""

    host: str = ""
    port: int = 25
    user: str = ""
    password: str = ""
    has_starttls: bool = False
    has_tls: bool = False


def read_mail_server() -> MailServer:
    """``smtps://USER:PASSWORD@HOST:PORT``; ``smtp+starttls://`` and ``smtp://`` likewise."""
    raw = read_secret("EMAIL_URL")
    if not raw:
        return MailServer()
    url = urlsplit(raw)
    try:
        port = url.port
    except ValueError:
        raise SettingError(f"{PREFIX}EMAIL_URL has a port that is no number.") from None
    if url.scheme not in MAIL_PORTS or not url.hostname:
        raise SettingError(
            f"{PREFIX}EMAIL_URL must look like smtps://USER:PASSWORD@HOST:PORT; the first part is one "
            f"of {', '.join(MAIL_PORTS)}."
        )
    return MailServer(
        host=url.hostname,
        port=port or MAIL_PORTS[url.scheme],
        user=unquote(url.username or ""),
        password=unquote(url.password or ""),
        has_starttls=url.scheme == "smtp+starttls",
        has_tls=url.scheme == "smtps",
    )


def read_oidc_clients() -> list[dict[str, object]]:
    """The provider of sign-ins that people have an account with already, as allauth wants it.

    Empty when none is configured; an issuer needs a client id and a secret beside it.
    """
    url = read_str("OIDC_URL").rstrip("/")
    client_id, secret = read_str("OIDC_CLIENT_ID"), read_secret("OIDC_CLIENT_SECRET")
    if not url and not client_id and not secret:
        return []
    if not url.startswith(("https://", "http://")) or not client_id or not secret:
        raise SettingError(
            f"Sign-in by OpenID Connect needs all of {PREFIX}OIDC_URL (an address), "
            f"{PREFIX}OIDC_CLIENT_ID and {PREFIX}OIDC_CLIENT_SECRET."
        )
    client: dict[str, object] = {
        "provider_id": "oidc",
        "name": read_str("OIDC_NAME") or urlsplit(url).hostname,
        "client_id": client_id,
        "secret": secret,
        "settings": {"server_url": url},
    }
    return [client]
