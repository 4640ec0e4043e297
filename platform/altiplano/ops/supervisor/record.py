"""Who runs in this home: the lock, the supervisor's own entry, its children, their states."""

import contextlib
import json
import os
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path

from altiplano.ops.supervisor.home import Home, write_private
from altiplano.ops.supervisor.processes import locked, process_started_at, signal_group


class AlreadyRunningError(Exception):
    """Another supervisor holds this home."""

    def __init__(self, record: "Record | None") -> None:
        where = f" at {record.url} (process {record.pid})" if record else ""
        super().__init__(
            f"Altiplano is already running{where} in this home. "
            "`altiplano status` shows it, `altiplano down` stops it."
        )


@dataclass(frozen=True, slots=True)
class ChildRecord:
    name: str
    pid: int
    started_at: str
    state: str


@dataclass(frozen=True, slots=True)
class Record:
    """What `status` and `down` read. ``started_at`` tells the process from a later namesake."""

    pid: int
    started_at: str
    url: str
    state: str = "starting"
    children: tuple[ChildRecord, ...] = field(default=())

    @property
    def is_alive(self) -> bool:
        return process_started_at(self.pid) == self.started_at


def _path(home: Home) -> Path:
    return home.run / "supervisor.json"


def read_record(home: Home) -> Record | None:
    """The last record written, whether or not its process is still there."""
    try:
        data = json.loads(_path(home).read_text(encoding="utf-8"))
        children = tuple(ChildRecord(**child) for child in data.pop("children"))
        return Record(**data, children=children)
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return None


def write_record(home: Home, record: Record) -> None:
    write_private(_path(home), json.dumps(asdict(record)))


def own_record(url: str) -> Record:
    pid = os.getpid()
    return Record(pid=pid, started_at=process_started_at(pid) or "", url=url)


@contextlib.contextmanager
def holding_home(home: Home) -> Iterator[None]:
    """This process alone runs the home, and nothing of a killed predecessor is left in it.

    Raises AlreadyRunningError.
    """
    with locked(home.run / "lock") as held:
        record = read_record(home)
        if not held:
            raise AlreadyRunningError(record)
        if record:
            end_leftovers(record)
        yield
        _path(home).unlink(missing_ok=True)


def end_leftovers(record: Record) -> list[str]:
    """Children that outlived their supervisor are killed; their names.

    A process is only touched when it started exactly when the recorded one did.
    """
    ended = []
    for child in record.children:
        if child.started_at and process_started_at(child.pid) == child.started_at:
            signal_group(child.pid, kill=True)
            ended.append(child.name)
    return ended
