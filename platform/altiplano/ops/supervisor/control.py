"""What other commands may ask of a running supervisor: how it goes, and to stop."""

import asyncio
import os
import signal
import time
from dataclasses import asdict, dataclass, field
from typing import Any
from urllib.parse import urlsplit

from altiplano.ops.supervisor.home import Home
from altiplano.ops.supervisor.probes import fetch
from altiplano.ops.supervisor.record import Record, read_record

STOP_SECONDS = 60.0
POLL_SECONDS = 0.1


@dataclass(frozen=True, slots=True)
class Status:
    """What runs in a home. ``readiness`` is the web server's own report, part by part."""

    record: Record | None
    is_ready: bool = False
    readiness: dict[str, Any] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        record = asdict(self.record) if self.record else None
        return {"running": bool(self.record), "ready": self.is_ready, "supervisor": record, **(
            {"parts": self.readiness} if self.readiness else {}
        )}  # fmt: skip

    def as_text(self) -> str:
        if self.record is None:
            return "Altiplano is not running in this home. `altiplano up` starts it."
        lines = [f"Altiplano at {self.record.url}: {'ready' if self.is_ready else 'not ready'}"]
        lines += [
            f"  {child.name:<8} {child.state:<10} {f'process {child.pid}' if child.pid else ''}"
            for child in self.record.children
        ]
        lines += [
            f"  {name}: {part.get('says', '')}"
            for name, part in self.readiness.items()
            if isinstance(part, dict) and not part.get("ok")
        ]
        return "\n".join(lines)


def running_record(home: Home) -> Record | None:
    """The supervisor that runs in this home now; None when there is none."""
    record = read_record(home)
    return record if record and record.is_alive else None


def running_status(home: Home) -> Status:
    record = running_record(home)
    if record is None:
        return Status(record=None)
    url = urlsplit(record.url)
    reply = asyncio.run(fetch(url.hostname or "127.0.0.1", url.port or 80, "/readyz"))
    if reply is None:
        return Status(record=record)
    parts = reply.json().get("parts")
    return Status(
        record=record,
        is_ready=reply.status == 200,
        readiness=parts if isinstance(parts, dict) else {},
    )


def stop_running(home: Home, *, seconds: float = STOP_SECONDS) -> tuple[str, bool]:
    """A sentence about what happened, and whether nothing runs in the home any more."""
    record = running_record(home)
    if record is None:
        return "Altiplano is not running in this home.", True
    os.kill(record.pid, signal.SIGTERM)
    deadline = time.monotonic() + seconds
    while record.is_alive:
        if time.monotonic() > deadline:
            return f"Process {record.pid} has not stopped after {seconds:.0f} s.", False
        time.sleep(POLL_SECONDS)
    return "Altiplano has stopped.", True
