import pytest

from altiplano.ops import cli
from altiplano.ops.supervisor.home import HomeError


def test_commands_are_those_of_the_contract():
    text = cli.build_parser().format_help()

    for name in (
        "up",
        "down",
        "status",
        "doctor",
        "backup",
        "restore",
        "seed-demo",
        "organization",
    ):
        assert f"    {name}" in text.splitlines() or f"    {name} " in text


@pytest.mark.parametrize(
    "arguments", [[], ["fly"], ["backup"], ["organization", "create"], ["restore", "--from"]]
)
def test_wrong_command_line_ends_with_two(arguments, capsys):
    with pytest.raises(SystemExit) as ended:
        cli.main(arguments)

    assert ended.value.code == 2
    assert "usage:" in capsys.readouterr().err


def test_unknown_kind_of_organization_is_refused_with_the_known_ones(capsys):
    with pytest.raises(SystemExit):
        cli.main(["organization", "create", "--name", "A", "--kind", "x", "--owner", "a@b.example"])

    assert "non-profit" in capsys.readouterr().err


def test_home_that_cannot_be_used_is_one_sentence(monkeypatch, capsys):
    def refuse(_):
        raise HomeError("The home cannot be used.")

    monkeypatch.setattr("altiplano.ops.supervisor.supervision.prepare_home", refuse)

    assert cli.main(["up"]) == 1
    assert capsys.readouterr().err == "altiplano: The home cannot be used.\n"


def test_nonsense_in_the_environment_is_one_sentence(monkeypatch, capsys, tmp_path):
    monkeypatch.setenv("ALTIPLANO_HOME", str(tmp_path))
    monkeypatch.setenv("ALTIPLANO_PORT", "eight thousand")

    assert cli.main(["up"]) == 1
    assert "ALTIPLANO_PORT must be a whole number" in capsys.readouterr().err


def test_down_where_nothing_runs_is_no_failure(monkeypatch, capsys, tmp_path):
    monkeypatch.setenv("ALTIPLANO_HOME", str(tmp_path))

    assert cli.main(["down"]) == 0
    assert "not running" in capsys.readouterr().out


def test_status_where_nothing_runs_can_be_told_by_the_exit_code(monkeypatch, capsys, tmp_path):
    monkeypatch.setenv("ALTIPLANO_HOME", str(tmp_path))

    assert cli.main(["status", "--json"]) == 1
    assert '"running": false' in capsys.readouterr().out
