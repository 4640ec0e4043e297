"""The few calls that the author's tool makes to a platform, with nothing but the standard library."""

import http.client
import json
import secrets
import ssl
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote, urlsplit

from altiplano_sdk.packaging.findings import Finding

_SECONDS: Final = 60.0
_SILENCE: Final = 90.0
"""A stream that says nothing for so long, not even that it is alive, is lost."""
_LOCAL: Final = frozenset({"127.0.0.1", "localhost", "::1"})


class PlatformError(Exception):
    """The platform could not be reached or said no; :attr:`findings` say more where it did."""

    def __init__(self, message: str, findings: tuple[Finding, ...] = ()) -> None:
        super().__init__(message)
        self.findings = findings


@dataclass(frozen=True, slots=True)
class StreamEvent:
    """One server-sent event; ``id`` is where to go on after it."""

    event: str
    data: Mapping[str, Any]
    id: str


class Platform:
    """A platform at an address, spoken to with a person's API key.

    The key is sent over HTTPS only, but to this machine itself.
    """

    def __init__(self, address: str, key: str) -> None:
        parts = urlsplit(address)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise PlatformError(f"{address} is no address; write https://HOST.")
        if parts.scheme == "http" and parts.hostname not in _LOCAL:
            raise PlatformError("A key is sent over https only, but to 127.0.0.1.")
        self._secure = parts.scheme == "https"
        self._host, self._port = parts.hostname, parts.port
        self._prefix = parts.path.rstrip("/")
        self._key = key

    def put_draft(self, package: str, file: Path, *, app: str) -> dict[str, Any]:
        """The file is the package's draft, used by the draft of ``app``."""
        address = f"/api/v1/plugins/drafts/{quote(package)}?app={quote(app, safe='')}"
        return self._upload("PUT", address, file)

    def post_release(self, file: Path) -> dict[str, Any]:
        """The signed file is a release of its package, and being checked."""
        return self._upload("POST", "/api/v1/plugins/releases", file)

    def get_release(self, release: str) -> dict[str, Any]:
        """What became of a release."""
        return self._call("GET", f"/api/v1/plugins/releases/{quote(release)}")

    def follow_draft(self, package: str, *, since: str = "") -> Iterator[StreamEvent]:
        """What happens to the draft while it is used, until the platform ends the stream."""
        headers = {"Accept": "text/event-stream", **({"Last-Event-ID": since} if since else {})}
        connection = self._connect(_SILENCE)
        try:
            address = f"/api/v1/plugins/drafts/{quote(package)}/events"
            response = self._send(connection, "GET", address, headers=headers)
            if response.status != http.client.OK:
                raise _refusal(response.status, response.read())
            yield from _events(response)
        except (OSError, http.client.HTTPException) as error:
            raise PlatformError("The connection to the platform was lost.") from error
        finally:
            connection.close()

    def _upload(self, method: str, address: str, file: Path) -> dict[str, Any]:
        boundary = secrets.token_hex(16)
        head = (
            f'--{boundary}\r\nContent-Disposition: form-data; name="file"; '
            f'filename="{file.name}"\r\nContent-Type: application/zip\r\n\r\n'
        )
        body = head.encode() + file.read_bytes() + f"\r\n--{boundary}--\r\n".encode()
        kind = f"multipart/form-data; boundary={boundary}"
        return self._call(method, address, body=body, headers={"Content-Type": kind})

    def _call(
        self,
        method: str,
        address: str,
        *,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> dict[str, Any]:
        connection = self._connect(_SECONDS)
        try:
            response = self._send(connection, method, address, body=body, headers=headers or {})
            content = response.read()
        except (OSError, http.client.HTTPException) as error:
            reason = "does not answer" if isinstance(error, TimeoutError) else "cannot be reached"
            raise PlatformError(f"The platform at {self._host} {reason}.") from error
        finally:
            connection.close()
        if response.status >= http.client.MULTIPLE_CHOICES:
            raise _refusal(response.status, content)
        answer = _object(content)
        if answer is None:
            raise PlatformError("This is no Altiplano platform, or not the address of its API.")
        return answer

    def _connect(self, seconds: float) -> http.client.HTTPConnection:
        if self._secure:
            context = ssl.create_default_context()
            return http.client.HTTPSConnection(
                self._host, self._port, timeout=seconds, context=context
            )
        return http.client.HTTPConnection(self._host, self._port, timeout=seconds)

    def _send(
        self,
        connection: http.client.HTTPConnection,
        method: str,
        address: str,
        *,
        headers: Mapping[str, str],
        body: bytes | None = None,
    ) -> http.client.HTTPResponse:
        sent = {"Authorization": f"Bearer {self._key}", "Accept": "application/json", **headers}
        connection.request(method, self._prefix + address, body=body, headers=sent)
        return connection.getresponse()


def _events(response: http.client.HTTPResponse) -> Iterator[StreamEvent]:
    fields: dict[str, str] = {}
    for raw in response:
        line = raw.decode("utf-8", errors="replace").rstrip("\r\n")
        if not line:
            if "data" in fields:
                data = _object(fields["data"].encode()) or {}
                yield StreamEvent(fields.get("event", "message"), data, fields.get("id", ""))
            fields = {}
            continue
        name, _, value = line.partition(":")
        if name:
            value = value.removeprefix(" ")
            fields[name] = f"{fields[name]}\n{value}" if name in fields else value


def _refusal(status: int, content: bytes) -> PlatformError:
    problem = _object(content) or {}
    if status == http.client.UNAUTHORIZED:
        return PlatformError("The key is not right. Make one on the page of your account.")
    findings = []
    for finding in problem.get("findings") or []:
        try:
            findings.append(Finding.from_dict(finding))
        except (TypeError, ValueError):
            continue
    said = problem.get("detail") or problem.get("title") or f"Status {status}"
    return PlatformError(f"The platform says no: {str(said).rstrip('.')}.", tuple(findings))


def _object(content: bytes) -> dict[str, Any] | None:
    try:
        data = json.loads(content)
    except ValueError:
        return None
    return data if isinstance(data, dict) else None
