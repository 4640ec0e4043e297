"""What the doctor says of healthy and of poor machines."""

import json
import socket

import pytest

from altiplano.ops import cli, doctor
from altiplano.ops.supervisor.home import Home


@pytest.fixture(autouse=True)
def _plain_environment(monkeypatch, tmp_path):
    for name in ("REDIS_URL", "ENGINE_URL", "DATABASE_URL", "BIND"):
        monkeypatch.delenv(f"ALTIPLANO_{name}", raising=False)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    monkeypatch.setenv("ALTIPLANO_PORT", str(port))
    monkeypatch.setenv("ALTIPLANO_HOME", str(tmp_path))


def finding(name, tmp_path):
    return next(one for one in doctor.examine(Home(tmp_path)) if one.name == name)


def test_machine_that_runs_these_tests_lacks_nothing(capsys):
    assert cli.main(["doctor", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["good"] is True


def test_taken_port_is_missing_and_says_which_variable_to_change(monkeypatch, tmp_path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        monkeypatch.setenv("ALTIPLANO_PORT", str(taken.getsockname()[1]))

        port = finding("Port", tmp_path)

    assert port.level == "missing"
    assert "ALTIPLANO_PORT" in port.get


@pytest.mark.parametrize(
    ("name", "patched", "value", "remedy"),
    [
        ("Broker", "valkey_binary", lambda: None, "ALTIPLANO_REDIS_URL"),
        ("Engine", "weights_path", lambda: None, "ALTIPLANO_ENGINE_URL"),
        ("Python", "LEAST_PYTHON", (99, 0), "Install Python"),
        ("Disk", "LEAST_DISK_BYTES", 2**70, "ALTIPLANO_HOME"),
        ("Database", "LEAST_SQLITE", (99, 0, 0), "ALTIPLANO_DATABASE_URL"),
    ],
)
def test_what_is_missing_comes_with_a_remedy(monkeypatch, tmp_path, name, patched, value, remedy):
    monkeypatch.setattr(doctor, patched, value)

    found = finding(name, tmp_path)

    assert found.level == "missing"
    assert remedy in found.get


@pytest.mark.parametrize(
    ("name", "patched", "value"),
    [
        ("Memory", "LEAST_MEMORY_BYTES", 2**70),
        ("Memory", "available_memory", lambda: None),
        ("Browser", "BROWSERS", ("no-such-browser",)),
    ],
)
def test_what_is_only_useful_is_a_note(monkeypatch, tmp_path, name, patched, value):
    monkeypatch.setattr(doctor, patched, value)

    assert finding(name, tmp_path).level == "note"


def test_missing_things_can_be_told_by_the_exit_code(monkeypatch, capsys):
    monkeypatch.setattr(doctor, "weights_path", lambda: None)

    assert cli.main(["doctor"]) == 1
    assert "MISS  Engine" in capsys.readouterr().out


def test_engine_and_broker_elsewhere_need_nothing_here(monkeypatch, tmp_path):
    monkeypatch.setattr(doctor, "weights_path", lambda: None)
    monkeypatch.setattr(doctor, "valkey_binary", lambda: None)
    monkeypatch.setenv("ALTIPLANO_ENGINE_URL", "http://elsewhere/v1")
    monkeypatch.setenv("ALTIPLANO_REDIS_URL", "redis://elsewhere/0")

    assert finding("Engine", tmp_path).level == finding("Broker", tmp_path).level == "good"


@pytest.mark.parametrize(
    ("public_url", "mail_url", "level", "word"),
    [
        ("http://127.0.0.1:8000", "", "good", "/mail/"),
        ("https://answers.example.org", "", "note", "reach nobody"),
        ("https://answers.example.org", "smtps://u:hush@mail.example.org", "good", "mail.example"),
    ],
)
def test_mails_that_reach_nobody_are_noted(monkeypatch, public_url, mail_url, level, word):
    monkeypatch.setenv("ALTIPLANO_PUBLIC_URL", public_url)
    monkeypatch.setenv("ALTIPLANO_EMAIL_URL", mail_url)
    finding = doctor.check_mail()
    assert finding.level == level
    assert word in finding.says
    assert "hush" not in finding.says
