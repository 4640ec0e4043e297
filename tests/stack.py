"""The platform as real processes on loopback: Valkey, a runs worker, the web server.

For tests that kill, cut and stop, and for benchmarks. The sweeper is not a process here: tests
call it, so that nothing depends on when it comes by. Everything lives in one temporary home and
is gone afterwards.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from altiplano.ops.supervisor.parts import valkey_binary

START_SECONDS = 60
STEP_SECONDS = 0.05


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_until(what: str, check, *, seconds: float = START_SECONDS):
    """The first true answer of ``check``, asked again until ``seconds`` are over."""
    pause = threading.Event()
    deadline = time.monotonic() + seconds
    while True:
        found = check()
        if found:
            return found
        if time.monotonic() > deadline:
            raise AssertionError(f"{what} within {seconds} seconds")
        pause.wait(STEP_SECONDS)


@dataclass
class Process:
    """One child in a process group of its own; ``log`` is where it writes."""

    name: str
    argv: list[str]
    environment: Mapping[str, str]
    log: Path
    popen: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with self.log.open("ab") as output:
            self.popen = subprocess.Popen(
                self.argv,
                env=dict(self.environment),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def kill(self, how: int = signal.SIGKILL) -> None:
        """The whole group is gone, at once."""
        if self.popen is None:
            return
        with suppress(ProcessLookupError):
            os.killpg(self.popen.pid, how)
        self.popen.wait(timeout=20)
        self.popen = None

    def tail(self) -> str:
        return self.log.read_text(errors="replace")[-4000:] if self.log.exists() else ""


@contextmanager
def running_valkey(home: Path, *, port: int | None = None) -> Iterator[tuple[str, Process]]:
    """A Valkey of its own that keeps nothing; yields its URL and its process."""
    binary = valkey_binary()
    if binary is None:
        raise RuntimeError("there is no Valkey server for this machine")
    port = port or free_port()
    argv = [
        str(binary), "--port", str(port), "--bind", "127.0.0.1", "--dir", str(home),
        "--save", "", "--appendonly", "no", "--loglevel", "warning",
    ]  # fmt: skip
    process = Process("valkey", argv, os.environ, home / "valkey.log")
    process.start()
    try:
        wait_until("Valkey answers", lambda: accepts(port))
        yield f"redis://127.0.0.1:{port}/0", process
    finally:
        process.kill()


def accepts(port: int) -> bool:
    with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
        return True
    return False


@dataclass
class Stack:
    """``url`` is the web server's; ``people`` what ``seed`` printed."""

    home: Path
    url: str
    redis_url: str
    environment: dict[str, str]
    valkey: Process
    web: Process
    worker: Process
    people: dict[str, str] = field(default_factory=dict)

    def python(self, code: str) -> str:
        """What a fresh process of the platform prints for ``code``."""
        done = subprocess.run(
            [sys.executable, "-c", f"import django; django.setup()\n{code}"],
            env=self.environment, capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip
        if done.returncode:
            raise AssertionError(done.stderr[-3000:])
        return done.stdout.strip()

    def sweep(self) -> None:
        """The sweeper comes by."""
        self.python("from altiplano_worker.tasks.upkeep import sweep_jobs; sweep_jobs()")

    def start_worker(self) -> None:
        self.worker.start()
        wait_until("the worker is ready", lambda: " ready." in self.worker.tail())

    def logs(self) -> str:
        return "\n".join(f"--- {part.name}\n{part.tail()}" for part in (self.web, self.worker))


SEED = """
import json
from altiplano.accounts.models import Membership, Organization, User
from altiplano.accounts.principal import ROLE_SCOPES, Principal
from altiplano.accounts.domain.tokens import issue_token
from altiplano.studio.models import App, AppVersion

PIPELINE = {"stages": [
    {"kind": "prompt", "plugin": "chat", "config": {}},
    {"kind": "generator", "plugin": "openai-chat", "config": {}},
]}
out = {}
for name, slug in (("alice", "green-schools"), ("charlie", "charity")):
    user = User.objects.create_user(f"{name}@example.org")
    home = Organization.objects.create(name=slug, slug=slug, kind="non-profit")
    Membership.unscoped.create(organization=home, user=user, role="owner")
    principal = Principal(user.id, user.email, home.id, slug, "owner", ROLE_SCOPES["owner"])
    issued = issue_token(principal=principal, name="test", scopes=["read", "write", "run"])
    app = App.unscoped.create(
        organization=home, name="Chat", slug="chat", draft_pipeline=PIPELINE
    )
    version = AppVersion.unscoped.create(
        organization=home, app=app, number=1, pipeline=PIPELINE, collection_ids=[]
    )
    app.published_version = version
    app.save()
    out |= {f"{name}_key": issued.key, f"{name}_app": str(app.id), f"{name}_token": str(issued.token.id)}
print(json.dumps(out))
"""


@contextmanager
def running_stack(
    *, engine_url: str, engine_model: str = "fake", web_processes: int = 1, **settings: str
) -> Iterator[Stack]:
    """All parts answer inside the block. ``settings`` are environment variables without prefix."""
    with tempfile.TemporaryDirectory(prefix="altiplano-stack-") as folder:
        home = Path(folder)
        with running_valkey(home) as (redis_url, valkey):
            stack = _plan(home, redis_url, valkey, engine_url, engine_model, settings)
            try:
                stack.python(
                    "from django.core.management import call_command as c; c('migrate', verbosity=0)"
                )
                stack.people = json.loads(stack.python(SEED).splitlines()[-1])
                stack.web.start()
                stack.start_worker()
                wait_until("the web server answers", lambda: _answers(f"{stack.url}/v1/models"))
                yield stack
            except BaseException:
                print(stack.logs())
                raise
            finally:
                stack.web.kill()
                stack.worker.kill()


def _plan(
    home: Path,
    redis_url: str,
    valkey: Process,
    engine_url: str,
    engine_model: str,
    settings: Mapping[str, str],
) -> Stack:
    port = free_port()
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("ALTIPLANO_")},
        "DJANGO_SETTINGS_MODULE": "altiplano.config.settings",
        "PYTHONWARNINGS": "default",
        "ALTIPLANO_HOME": str(home),
        "ALTIPLANO_SECRET_KEY": "only-for-a-stack-of-tests-that-lives-for-a-minute-0123456789",
        "ALTIPLANO_REDIS_URL": redis_url,
        "ALTIPLANO_ENGINE_URL": engine_url,
        "ALTIPLANO_ENGINE_MODEL": engine_model,
        **{f"ALTIPLANO_{name}": value for name, value in settings.items()},
    }
    slots = environment.get("ALTIPLANO_RUN_SLOTS", "256")
    web = [
        sys.executable, "-m", "uvicorn", "altiplano.config.asgi:application", "--host", "127.0.0.1",
        "--port", str(port), "--log-level", "warning", "--no-access-log", "--lifespan", "off",
        "--timeout-graceful-shutdown", "1",
    ]  # fmt: skip
    worker = [
        sys.executable, "-m", "celery", "-A", "altiplano_worker.app", "worker", "-Q", "runs",
        "-P", "threads", "-c", slots, "--without-gossip", "--without-mingle", "-l", "INFO",
    ]  # fmt: skip
    return Stack(
        home=home,
        url=f"http://127.0.0.1:{port}",
        redis_url=redis_url,
        environment=environment,
        valkey=valkey,
        web=Process("web", web, environment, home / "web.log"),
        worker=Process("worker", worker, environment, home / "worker.log"),
    )


def _answers(url: str) -> bool:
    try:
        urllib.request.urlopen(url, timeout=2)  # noqa: S310 - our own
    except urllib.error.HTTPError:
        return True
    except OSError:
        return False
    return True
