import sys

import pytest

from altiplano.ops.embedded_engine import MODEL_ALIAS
from altiplano.ops.supervisor import parts
from altiplano.ops.supervisor.home import prepare_home


@pytest.fixture
def home(tmp_path, monkeypatch):
    for name in (
        "REDIS_URL",
        "ENGINE_URL",
        "ENGINE_KEY",
        "PUBLIC_URL",
        "PORT",
        "BIND",
        "RUN_SLOTS",
    ):
        monkeypatch.delenv(f"ALTIPLANO_{name}", raising=False)
    monkeypatch.setattr(parts, "require_free_port", lambda host, port: None)
    ports = iter((7001, 7002))
    monkeypatch.setattr(parts, "free_port", lambda: next(ports))
    return prepare_home(tmp_path)


def names(plan):
    return [part.name for part in plan.parts]


def test_plan_has_everything_where_nothing_is_given(home):
    plan = parts.plan_parts(home)

    assert plan.broker.name == "broker"
    assert names(plan) == ["engine", "runs", "ingest", "checks", "beat", "web"]
    assert plan.url == "http://127.0.0.1:8000"
    assert plan.environment["ALTIPLANO_PUBLIC_URL"] == plan.url


def test_plan_starts_no_broker_where_one_is_named(home, monkeypatch):
    monkeypatch.setenv("ALTIPLANO_REDIS_URL", "redis://elsewhere/0")

    plan = parts.plan_parts(home)

    assert plan.broker is None
    assert "ALTIPLANO_REDIS_URL_FILE" not in plan.environment


def test_plan_starts_no_engine_where_one_is_named(home, monkeypatch):
    monkeypatch.setenv("ALTIPLANO_ENGINE_URL", "http://elsewhere/v1")

    plan = parts.plan_parts(home)

    assert "engine" not in names(plan)
    assert not any(name.startswith("ALTIPLANO_ENGINE") for name in plan.environment)


@pytest.mark.parametrize(("wanted", "expected"), [(None, "passive"), ("active", "active")])
def test_waiting_threads_of_workers_leave_the_cores_alone(home, monkeypatch, wanted, expected):
    monkeypatch.delenv("OMP_WAIT_POLICY", raising=False)
    if wanted:
        monkeypatch.setenv("OMP_WAIT_POLICY", wanted)

    workers = [part for part in parts.plan_parts(home).parts if part.queues]

    assert len(workers) == 3
    assert {part.environment["OMP_WAIT_POLICY"] for part in workers} == {expected}


def test_every_queue_has_a_worker(home):
    from altiplano.ops.health import QUEUES

    served = [queue for part in parts.plan_parts(home).parts for queue in part.queues]

    assert sorted(served) == sorted(QUEUES)


def test_no_secret_stands_in_an_argument_list_or_an_environment(home):
    plan = parts.plan_parts(home)
    secrets = [
        home.broker_url.read_text().split(":")[2].partition("@")[0],
        home.engine_key.read_text(),
        home.secret_key.read_text() if home.secret_key.exists() else "absent",
    ]
    everything = [*plan.environment.values()]
    for part in (plan.broker, *plan.parts):
        everything += [*part.argv, *part.environment.values()]

    assert not [text for text in everything for secret in secrets if secret in text]


def test_broker_loses_nothing_and_listens_to_this_machine_only(home):
    config = parts.broker_config(home, 7001, "a-password").splitlines()

    assert "bind 127.0.0.1" in config
    assert "appendonly yes" in config
    assert "maxmemory-policy noeviction" in config
    assert any(">a-password" in line and "-@dangerous" in line for line in config)


def test_embedded_engine_goes_by_the_name_that_the_platform_asks_for(home):
    assert parts.plan_parts(home).environment["ALTIPLANO_ENGINE_MODEL"] == MODEL_ALIAS


def test_parts_run_under_the_same_interpreter(home):
    assert {part.argv[0] for part in parts.plan_parts(home).parts} == {sys.executable}


def test_machine_without_a_broker_is_told_what_to_do(home, monkeypatch):
    monkeypatch.setattr(parts, "valkey_binary", lambda: None)

    with pytest.raises(parts.PlanError, match="ALTIPLANO_REDIS_URL"):
        parts.plan_parts(home)


@pytest.mark.parametrize(
    ("bind", "url"),
    [
        ("127.0.0.1", "http://127.0.0.1:8000"),
        ("0.0.0.0", "http://127.0.0.1:8000"),
        ("::", "http://[::1]:8000"),
        ("192.0.2.7", "http://192.0.2.7:8000"),
    ],
)
def test_address_is_one_that_can_be_opened(home, monkeypatch, bind, url):
    monkeypatch.setenv("ALTIPLANO_BIND", bind)

    assert parts.plan_parts(home).url == url
