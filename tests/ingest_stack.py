"""The part of the platform that reads documents, as real processes: Valkey, workers, web server.

For tests that kill and for benchmarks. The fakes of ``tests.fakes.embedders`` are installed, leases
are short, and beat sweeps every second. :class:`Portal` is a process of the platform that runs
snippets, so that a test needs no database of its own.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.fakes.plugin_home import write_plugin_home
from tests.stack import Process, free_port, running_valkey, wait_until

CELERY = (sys.executable, "-m", "celery", "-A", "altiplano_worker.app", "worker")
QUIET = ("--without-gossip", "--without-mingle", "--without-heartbeat", "-l", "INFO")

PORTAL = """
import json, sys, traceback
import django
django.setup()
from django.db import connections
scope = {}
for line in sys.stdin:
    connections.close_all()  # the test may have stopped the database since the last snippet
    try:
        exec(json.loads(line), scope)
        answer = {"result": scope.pop("result", None)}
    except Exception:
        answer = {"error": traceback.format_exc()}
    print(json.dumps(answer, default=str), flush=True)
"""

CAST = """
import hashlib
from pathlib import Path
from django.core.management import call_command
call_command("migrate", verbosity=0)
from altiplano.accounts.domain.tokens import issue_token
from altiplano.accounts.models import Membership, Organization, User
from altiplano.accounts.principal import ROLE_SCOPES, Principal
from altiplano.kernel.models import Job
from altiplano.knowledge import queries
from altiplano.knowledge.domain import collections, documents, receiving
from altiplano.knowledge.models import Chunk, Collection, Document, DocumentVersion

user = User.objects.create_user("alice@example.org")
home = Organization.objects.create(name="Green Schools", slug="green-schools", kind="non-profit")
Membership.unscoped.create(organization=home, user=user, role="owner")
alice = Principal(user.id, user.email, home.id, home.slug, "owner", ROLE_SCOPES["owner"])
result = issue_token(principal=alice, name="test", scopes=["read", "write", "run"]).key
"""


class Portal:
    """Runs Python where the platform's models are; what a snippet calls ``result`` comes back."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-c", PORTAL],
            env=dict(environment),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def run(self, code: str, **values: Any) -> Any:
        """The snippet's ``result``; ``values`` are names it may use. Raises AssertionError."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        given = "".join(f"{name} = {value!r}\n" for name, value in values.items())
        self._process.stdin.write(json.dumps(given + code) + "\n")
        self._process.stdin.flush()
        answer = json.loads(self._process.stdout.readline())
        if "error" in answer:
            raise AssertionError(answer["error"])
        return answer["result"]

    def make_collection(self, name: str, *, embedder: str = "words") -> str:
        """The new collection's id."""
        return self.run(
            "result = collections.create_collection("
            "principal=alice, name=name, embedder=embedder).id",
            name=name,
            embedder=embedder,
        )

    def send(self, collection: str, paths: list[Path]) -> list[str]:
        """The ids of the documents these files became."""
        return self.run(
            "files = [Path(path) for path in paths]\n"
            "uploads = [receiving.Upload(f.name, f, f.stat().st_size) for f in files]\n"
            "received = receiving.receive_documents("
            "principal=alice, collection_id=collection, uploads=uploads)\n"
            "result = [document.id for document in received]",
            collection=collection,
            paths=[str(path) for path in paths],
        )

    def states(self, collection: str) -> dict[str, int]:
        """How many documents of the collection are in each state."""
        return self.run(
            "from django.db.models import Count\n"
            "rows = DocumentVersion.unscoped.filter(document__collection=collection)"
            ".order_by().values_list('state').annotate(Count('id'))\n"
            "result = dict(rows)",
            collection=collection,
        )

    def close(self) -> None:
        self._process.kill()
        self._process.communicate()


@dataclass
class IngestStack:
    home: Path
    url: str
    key: str
    environment: dict[str, str]
    portal: Portal
    broker: Process
    ingest: Process
    runs: Process
    web: Process

    def start_ingest(self) -> None:
        """Workers read and index documents."""
        self.ingest.log.unlink(missing_ok=True)
        self.ingest.start()
        wait_until("the ingest worker is ready", lambda: " ready." in self.ingest.tail())

    def start_search(self) -> None:
        """The web server answers, and a worker of the queue ``runs`` searches for it."""
        self.runs.start()
        self.web.start()
        wait_until("the runs worker is ready", lambda: " ready." in self.runs.tail())
        wait_until("the web server listens", lambda: _listens(self.url))

    def wait_ready(self, collection: str, documents: int, *, seconds: float = 60) -> None:
        """Every document of the collection is searchable."""
        wait_until(
            f"{documents} documents are ready",
            lambda: self.portal.states(collection) == {"ready": documents},
            seconds=seconds,
        )

    def logs(self) -> str:
        parts = (self.ingest, self.runs, self.web)
        return "\n".join(f"--- {part.name}\n{part.tail()}" for part in parts)


def _listens(url: str) -> bool:
    import socket
    from urllib.parse import urlsplit

    parts = urlsplit(url)
    with suppress(OSError), socket.create_connection((parts.hostname, parts.port), timeout=1):
        return True
    return False


@contextmanager
def running_ingest(
    *, processes: int = 2, command: tuple[str, ...] = CELERY, **settings: str
) -> Iterator[IngestStack]:
    """A portal and a broker are up; workers and web server are planned and started on demand.

    ``settings`` are environment variables without their prefix.
    """
    with tempfile.TemporaryDirectory(prefix="altiplano-ingest-") as folder:
        home = Path(folder)
        with running_valkey(home) as (redis_url, broker):
            environment = {
                **{k: v for k, v in os.environ.items() if not k.startswith("ALTIPLANO_")},
                "DJANGO_SETTINGS_MODULE": "altiplano.config.settings",
                "PYTHONPATH": write_plugin_home(home / "plugins"),
                "PYTHONWARNINGS": "default",
                "ALTIPLANO_HOME": str(home),
                "ALTIPLANO_SECRET_KEY": "only-for-a-stack-of-tests-that-lives-a-minute-0123456789",
                "ALTIPLANO_REDIS_URL": redis_url,
                "ALTIPLANO_SWEEP_SECONDS": "1",
                **{f"ALTIPLANO_{name}": value for name, value in settings.items()},
            }
            port = free_port()
            argv = {
                "ingest": [
                    *command, "-Q", "ingest,index,upkeep", "-P", "prefork", "-c", str(processes),
                    "-B", "-s", str(home / "beat"), *QUIET,
                ],
                "runs": [*CELERY, "-Q", "runs", "-P", "threads", "-c", "16", *QUIET],
                "web": [
                    sys.executable, "-m", "uvicorn", "altiplano.config.asgi:application",
                    "--host", "127.0.0.1", "--port", str(port), "--log-level", "warning",
                    "--no-access-log", "--lifespan", "off",
                ],
            }  # fmt: skip
            parts = {
                name: Process(name, line, environment, home / f"{name}.log")
                for name, line in argv.items()
            }
            portal = Portal(environment)
            stack = IngestStack(
                home=home,
                url=f"http://127.0.0.1:{port}",
                key="",
                environment=environment,
                portal=portal,
                broker=broker,
                **parts,
            )
            try:
                stack.key = portal.run(CAST)
                yield stack
            except BaseException:
                print(stack.logs(), file=sys.stderr)
                raise
            finally:
                for part in parts.values():
                    part.kill()
                portal.close()
