"""docker-compose.yml: complete, pinned, without a password that anybody knows."""

import re
import shutil
import subprocess
from importlib import import_module
from pathlib import Path

import pytest
import yaml
from django.utils.module_loading import import_string

from altiplano.ops.cli import build_parser
from altiplano.ops.health import QUEUES

COMPOSE = Path(__file__).resolve().parents[2] / "docker-compose.yml"
REQUIRED = (
    "POSTGRES_PASSWORD",
    "VALKEY_PASSWORD",
    "ALTIPLANO_SECRET_KEY",
    "ALTIPLANO_PUBLIC_URL",
    "ALTIPLANO_ENGINE_URL",
    "ALTIPLANO_ENGINE_MODEL",
)
WORKERS = ("worker-runs", "worker-ingest", "worker-checks")
OURS = ("prepare", "web", *WORKERS, "beat")
SECRET_NAMES = re.compile(r"\$\{(\w*(?:PASSWORD|SECRET|TOKEN|KEY)\w*)(:?[-?][^}]*)?\}")


@pytest.fixture(scope="module")
def text():
    return COMPOSE.read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def compose(text):
    return yaml.safe_load(text)


def test_every_part_is_there(compose):
    assert set(compose["services"]) == {*OURS, "postgres", "valkey", "vllm"}
    assert compose["services"]["vllm"]["profiles"] == ["gpu"]


def test_no_secret_has_a_default(text):
    defaults = {name: rest for name, rest in SECRET_NAMES.findall(text) if rest[:2] == ":-"}

    assert {name: rest for name, rest in defaults.items() if rest != ":-"} == {}


@pytest.mark.parametrize("name", REQUIRED)
def test_what_must_be_set_stops_the_start_with_a_message(text, name):
    uses = re.findall(rf"\$\{{{name}(:\?[^}}]+)\}}", text)

    assert uses
    assert all(name in message for message in uses)


@pytest.mark.parametrize("name", OURS)
def test_command_and_check_of_a_service_are_ones_that_exist(compose, name):
    """The image holds the console script and what is locked; nothing else can be called."""
    service = compose["services"][name]
    check = service.get("healthcheck", {}).get("test", ["CMD", "python"])[1:]

    for command in (service["command"], check):
        match command:
            case ["altiplano", *arguments]:
                assert build_parser().parse_args(arguments)
            case ["uvicorn", application, *_]:
                assert callable(import_string(application.replace(":", ".")))
            case ["celery", *arguments]:
                module = import_module(arguments[arguments.index("-A") + 1])
                assert module.app.conf.beat_schedule
            case _:
                assert command[0] == "python"


@pytest.mark.parametrize("package", ["uvicorn", "uvloop", "httptools", "celery"])
def test_what_the_services_call_is_locked(package):
    locked = (COMPOSE.parent / "requirements" / "runtime.txt").read_text(encoding="utf-8")

    assert f"\n{package}==" in f"\n{locked}"


def test_every_queue_has_a_worker_and_a_check_that_it_consumes(compose):
    workers = [compose["services"][name] for name in WORKERS]
    served = [
        queue
        for one in workers
        for queue in one["command"][one["command"].index("-Q") + 1].split(",")
    ]
    checked = [queue for one in workers for queue in one["healthcheck"]["test"][3:]]

    assert sorted(served) == sorted(QUEUES)
    assert checked == served


@pytest.mark.parametrize("name", OURS)
def test_platform_containers_can_change_nothing_but_their_data(compose, name):
    service = compose["services"][name]

    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["volumes"] == ["data:/data"]


def test_image_runs_as_a_user_of_its_own_and_installs_by_hash(compose):
    dockerfile = compose["services"]["prepare"]["build"]["dockerfile_inline"]

    assert "USER altiplano" in dockerfile
    assert "--require-hashes" in dockerfile


def test_foreign_images_are_pinned_to_a_version(compose):
    images = [
        one["image"] for one in compose["services"].values() if one["image"] != "altiplano:local"
    ]

    assert [image for image in images if not re.search(r":v?\d+(\.\d+)*", image)] == []


def test_broker_neither_evicts_nor_forgets(compose):
    command = " ".join(compose["services"]["valkey"]["command"])

    assert "--maxmemory-policy noeviction" in command
    assert "--appendonly yes" in command


def test_only_the_web_server_is_reached_from_outside_and_by_default_from_here(compose):
    ports = {name: one["ports"] for name, one in compose["services"].items() if "ports" in one}

    assert ports == {"web": ["${ALTIPLANO_BIND:-127.0.0.1}:${ALTIPLANO_PORT:-8000}:8000"]}


def test_named_volumes_and_dependencies_exist(compose):
    for service in compose["services"].values():
        for volume in service.get("volumes", ()):
            assert volume.partition(":")[0] in compose["volumes"]
        for needed in service.get("depends_on", {}):
            assert needed in compose["services"]


def test_every_lasting_service_that_can_be_asked_is_asked(compose):
    silent = {name for name, one in compose["services"].items() if "healthcheck" not in one}

    assert silent == {"prepare", "beat"}


def has_compose():
    docker = shutil.which("docker")
    return (
        bool(docker)
        and not subprocess.run(
            [docker, "compose", "version"], capture_output=True, check=False
        ).returncode
    )


@pytest.mark.skipif(not has_compose(), reason="this Docker client has no compose")
def test_compose_itself_accepts_the_file():
    result = subprocess.run(
        [
            shutil.which("docker"),
            "compose",
            "-f",
            str(COMPOSE),
            "--profile",
            "gpu",
            "config",
            "--quiet",
        ],
        env={"PATH": "/usr/bin:/usr/local/bin", **dict.fromkeys(REQUIRED, "x")},
        capture_output=True,
        text=True,
        check=False,
    )

    assert result.returncode == 0, result.stderr
