"""PostgreSQL's own programs for copying a database out and in again."""

import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any


class DumpError(Exception):
    """The database was not copied; the message says why."""


def dump_database(settings: Mapping[str, Any], target: Path) -> None:
    """``target`` holds the database as it was at one moment. Raises DumpError."""
    _run(
        "pg_dump", settings, "--format=custom", "--no-owner", "--no-privileges", f"--file={target}"
    )


def load_database(settings: Mapping[str, Any], source: Path) -> None:
    """An empty database has the content of the dump, all of it or nothing. Raises DumpError."""
    _run(
        "pg_restore",
        settings,
        "--single-transaction",
        "--exit-on-error",
        "--no-owner",
        "--no-privileges",
        f"--dbname={settings['NAME']}",
        str(source),
    )


def _run(program: str, settings: Mapping[str, Any], *arguments: str) -> None:
    path = shutil.which(program)
    if path is None:
        raise DumpError(f"{program} is missing. On Debian: apt-get install postgresql-client")
    result = subprocess.run(
        [path, *arguments, *([] if program == "pg_restore" else [str(settings["NAME"])])],
        env={**os.environ, **_connection(settings)},
        capture_output=True,
        text=True,
        check=False,
    )
    if result.returncode:
        lines = result.stderr.strip().splitlines()
        raise DumpError(f"{program} failed: {lines[0] if lines else 'no reason given'}")


def _connection(settings: Mapping[str, Any]) -> dict[str, str]:
    """Where and as whom, through the environment: an argument list can be read by everyone."""
    named = {
        "PGHOST": settings.get("HOST"),
        "PGPORT": settings.get("PORT"),
        "PGUSER": settings.get("USER"),
        "PGPASSWORD": settings.get("PASSWORD"),
    }
    return {name: str(value) for name, value in named.items() if value}
