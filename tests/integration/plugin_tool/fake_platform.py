"""A platform that takes in plugins as the real one says it does, and remembers what it was sent."""

import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from altiplano_sdk.packaging import PackageError
from altiplano_sdk.packaging.archive import open_archive

KEY = "key-of-the-author"
APP = "my-app"


@dataclass
class FakePlatform:
    """``received`` holds method, path and digest of every accepted file, in order."""

    address: str = ""
    received: list[tuple[str, str, str]] = field(default_factory=list)
    events: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    asked_since: list[str] = field(default_factory=list)


@contextmanager
def fake_platform() -> Iterator[FakePlatform]:
    """It answers on a free port of this machine until the block ends."""
    platform = FakePlatform()

    class Handler(_Handler):
        state = platform

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    platform.address = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield platform
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Handler(BaseHTTPRequestHandler):
    state: FakePlatform

    def do_GET(self) -> None:
        if not self._is_known():
            return
        if not re.fullmatch(r"/api/v1/plugins/drafts/[a-z-]+/events", self.path):
            self._problem(404, "There is nothing here.")
            return
        self.state.asked_since.append(self.headers.get("Last-Event-ID", ""))
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.end_headers()
        self.wfile.write(b": alive\n\n")
        since = int(self.headers.get("Last-Event-ID") or 0)
        for number, (name, data) in enumerate(self.state.events, start=1):
            if number > since:
                line = f"id: {number}\nevent: {name}\ndata: {json.dumps(data)}\n\n"
                self.wfile.write(line.encode())

    def do_PUT(self) -> None:
        self._take_in(r"/api/v1/plugins/drafts/([a-z-]+)\?app=" + APP, 200, "draft")

    def do_POST(self) -> None:
        self._take_in(r"/api/v1/plugins/(releases)", 202, "checking")

    def _take_in(self, pattern: str, status: int, state: str) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if not self._is_known():
            return
        if not re.fullmatch(pattern, self.path):
            self._problem(404, "There is no such app.")
            return
        try:
            with open_archive(_file_part(self.headers["Content-Type"], body)) as archive:
                manifest, digest = archive.manifest, archive.digest
        except PackageError as error:
            self._problem(400, "This is no package.", [one.to_dict() for one in error.findings])
            return
        self.state.received.append((self.command, self.path, digest))
        self._answer(
            status,
            {
                "id": "1",
                "package": manifest.id,
                "version": manifest.version,
                "digest": digest,
                "state": state,
                "findings": [],
                "address": f"/plugins/{manifest.id}/",
            },
        )

    def _is_known(self) -> bool:
        if self.headers.get("Authorization") == f"Bearer {KEY}":
            return True
        self._problem(401, "Nobody.")
        return False

    def _problem(
        self, status: int, detail: str, findings: list[dict[str, Any]] | None = None
    ) -> None:
        self._answer(status, {"detail": detail, "code": "no", "findings": findings or []})

    def _answer(self, status: int, data: dict[str, Any]) -> None:
        content = json.dumps(data).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's
        """Says nothing."""


def _file_part(kind: str, body: bytes) -> bytes:
    """The one part of the form, which is called ``file``."""
    boundary = kind.partition("boundary=")[2].encode()
    head, _, rest = body.partition(b"\r\n\r\n")
    assert head.startswith(b"--" + boundary)
    assert b'name="file"' in head
    content, _, end = rest.rpartition(b"\r\n--" + boundary)
    assert end == b"--\r\n"
    return content
