"""The mails of an embedded platform: written to files, and shown to whoever sits at the machine.

They hold links that reset passwords. So the page exists only where nobody else can be using the
platform: see :func:`is_open_to`.
"""

import ipaddress
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from email.utils import parsedate_to_datetime
from pathlib import Path
from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpRequest
from django.http.request import split_domain_port

SHOWN = 30
FORWARDING_HEADERS = (
    "HTTP_X_FORWARDED_FOR",
    "HTTP_X_FORWARDED_HOST",
    "HTTP_X_FORWARDED_PROTO",
    "HTTP_X_REAL_IP",
    "HTTP_FORWARDED",
    "HTTP_VIA",
)
_FILE_BACKEND = "django.core.mail.backends.filebased.EmailBackend"
_BETWEEN_MAILS = re.compile(rb"^-{79}\r?\n", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class LocalMail:
    """A mail that was written to a file instead of being sent."""

    to: str
    subject: str
    text: str
    sent_at: datetime


def is_open_to(request: HttpRequest) -> bool:
    """Whether this request may read the mails of everybody.

    All of it must hold: mails go to files; the page was not switched off; the platform's address
    and all hosts it answers to are this machine's own; and the request comes from this machine,
    asks for it by such a name, and was passed on by nobody.
    """
    if not is_local_setting():
        return False
    host, _port = split_domain_port(request.get_host())
    return (
        is_loopback(host)
        and is_loopback(str(request.META.get("REMOTE_ADDR", "")))
        and not any(header in request.META for header in FORWARDING_HEADERS)
    )


def is_local_setting() -> bool:
    """Whether the settings are those of a platform that only this machine can reach."""
    return (
        settings.MAIL_PAGE
        and settings.EMAIL_BACKEND == _FILE_BACKEND
        and is_loopback(urlsplit(settings.PUBLIC_URL).hostname or "")
        and all(is_loopback(host) for host in settings.ALLOWED_HOSTS)
    )


def is_loopback(host: str) -> bool:
    """True for ``localhost`` and the addresses of this machine itself."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def newest_mails(directory: Path, *, limit: int = SHOWN) -> list[LocalMail]:
    """The last mails that the directory holds, the newest first. Files that vanish are left out."""
    found: list[LocalMail] = []
    for path in _newest_files(directory):
        try:
            content = path.read_bytes()
        except OSError:
            continue
        found += reversed(list(_mails_in(content)))
        if len(found) >= limit:
            break
    return sorted(found, key=lambda mail: mail.sent_at, reverse=True)[:limit]


def _newest_files(directory: Path) -> list[Path]:
    """Names and mails tell the second only; of one second's files the one written last is newer."""

    def age(path: Path) -> tuple[str, int]:
        try:
            written = path.stat().st_mtime_ns
        except OSError:
            written = 0
        return path.name.rpartition("-")[0], written

    return sorted(directory.glob("*.log"), key=age, reverse=True)


def _mails_in(content: bytes) -> Iterator[LocalMail]:
    for part in _BETWEEN_MAILS.split(content):
        if part.strip():
            yield _read(message_from_bytes(part, policy=policy.default))


def _read(message: EmailMessage) -> LocalMail:
    body = message.get_body(("plain",))
    try:
        sent_at = parsedate_to_datetime(str(message["Date"]))
    except ValueError:
        sent_at = datetime.fromtimestamp(0, UTC)
    return LocalMail(
        to=str(message["To"] or ""),
        subject=str(message["Subject"] or ""),
        text=str(body.get_content()).strip() if body else "",
        sent_at=sent_at if sent_at.tzinfo else sent_at.replace(tzinfo=UTC),
    )
