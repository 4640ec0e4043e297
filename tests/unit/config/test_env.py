"""Nonsense in the environment stops the start with a sentence that names the variable."""

from pathlib import Path

import pytest

from altiplano.config import env


@pytest.mark.parametrize(
    ("raw", "expected"), [("1", True), ("Yes", True), ("off", False), ("", False), (" on ", True)]
)
def test_read_bool_understands_words(monkeypatch, raw, expected):
    monkeypatch.setenv("ALTIPLANO_SWITCH", raw)
    assert env.read_bool("SWITCH", default=not expected) is expected


def test_read_bool_refuses_nonsense(monkeypatch):
    monkeypatch.setenv("ALTIPLANO_SWITCH", "perhaps")
    with pytest.raises(env.SettingError, match="ALTIPLANO_SWITCH must be yes or no"):
        env.read_bool("SWITCH", default=True)


def test_read_choice_takes_one_of_its_words(monkeypatch):
    assert env.read_choice("COLOUR", ("red", "blue")) == ""
    monkeypatch.setenv("ALTIPLANO_COLOUR", " Blue ")
    assert env.read_choice("COLOUR", ("red", "blue")) == "blue"
    monkeypatch.setenv("ALTIPLANO_COLOUR", "green")
    with pytest.raises(env.SettingError, match="ALTIPLANO_COLOUR must be one of red, blue"):
        env.read_choice("COLOUR", ("red", "blue"))


@pytest.mark.parametrize("raw", ["ten", "1.5", "-1", "99"])
def test_read_int_refuses_what_is_no_number_in_bounds(monkeypatch, raw):
    monkeypatch.setenv("ALTIPLANO_COUNT", raw)
    with pytest.raises(env.SettingError, match="ALTIPLANO_COUNT"):
        env.read_int("COUNT", 3, maximum=10)


def test_read_int_takes_the_default_when_unset_or_blank(monkeypatch):
    assert env.read_int("COUNT", 3) == 3
    monkeypatch.setenv("ALTIPLANO_COUNT", "  ")
    assert env.read_int("COUNT", 3) == 3


@pytest.mark.parametrize("raw", ["soon", "nan", "-0.5"])
def test_read_float_refuses_nonsense(monkeypatch, raw):
    monkeypatch.setenv("ALTIPLANO_SECONDS", raw)
    with pytest.raises(env.SettingError, match="ALTIPLANO_SECONDS"):
        env.read_float("SECONDS", 1.0)


def test_read_list_drops_blanks(monkeypatch):
    monkeypatch.setenv("ALTIPLANO_HOSTS", "a, ,b,")
    assert env.read_list("HOSTS") == ["a", "b"]


def test_read_secret_prefers_the_file(monkeypatch, tmp_path: Path):
    secret = tmp_path / "key"
    secret.write_text("from the file\n", encoding="utf-8")
    monkeypatch.setenv("ALTIPLANO_KEY", "from the variable")
    monkeypatch.setenv("ALTIPLANO_KEY_FILE", str(secret))
    assert env.read_secret("KEY") == "from the file"


def test_read_secret_fails_loudly_when_the_file_is_missing(monkeypatch, tmp_path: Path):
    monkeypatch.setenv("ALTIPLANO_KEY_FILE", str(tmp_path / "absent"))
    with pytest.raises(env.SettingError, match="cannot be read"):
        env.read_secret("KEY")


def test_read_database_understands_sqlite_paths():
    settings = env.read_database("UNSET", "sqlite:////data/db.sqlite3")
    assert settings["NAME"] == "/data/db.sqlite3"
    assert settings["OPTIONS"]["transaction_mode"] == "IMMEDIATE"


def test_read_database_understands_postgresql_over_a_socket(monkeypatch):
    monkeypatch.setenv(
        "ALTIPLANO_DATABASE_URL", "postgres://me:p%40ss@/altiplano?host=/run/postgresql"
    )
    settings = env.read_database("DATABASE_URL", "")
    assert (settings["NAME"], settings["USER"], settings["PASSWORD"], settings["HOST"]) == (
        "altiplano",
        "me",
        "p@ss",
        "/run/postgresql",
    )


def test_read_database_refuses_other_schemes():
    with pytest.raises(env.SettingError, match="sqlite:/// or postgres://"):
        env.read_database("UNSET", "mysql://localhost/x")


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("", env.MailServer()),
        ("smtp://localhost", env.MailServer("localhost", 25)),
        (
            "smtps://ann%40example.org:p%3A%2F@mail.example.org",
            env.MailServer("mail.example.org", 465, "ann@example.org", "p:/", has_tls=True),
        ),
        (
            "smtp+starttls://ann:pw@mail.example.org:2525",
            env.MailServer("mail.example.org", 2525, "ann", "pw", has_starttls=True),
        ),
    ],
)
def test_mail_server_is_read_from_its_address(monkeypatch, raw, expected):
    monkeypatch.setenv("ALTIPLANO_EMAIL_URL", raw)
    assert env.read_mail_server() == expected


@pytest.mark.parametrize("raw", ["mail.example.org", "http://x", "smtp://", "smtp://x:mail"])
def test_nonsense_mail_server_stops_the_start_without_its_password(monkeypatch, raw):
    monkeypatch.setenv("ALTIPLANO_EMAIL_URL", raw.replace("//", "//ann:hush@"))
    with pytest.raises(env.SettingError, match="ALTIPLANO_EMAIL_URL") as caught:
        env.read_mail_server()
    assert "hush" not in str(caught.value)


def test_provider_is_read_whole_or_not_at_all(monkeypatch):
    assert env.read_oidc_clients() == []
    monkeypatch.setenv("ALTIPLANO_OIDC_URL", "https://id.example.org/realm/")
    with pytest.raises(env.SettingError, match="OIDC_CLIENT_SECRET"):
        env.read_oidc_clients()
    monkeypatch.setenv("ALTIPLANO_OIDC_CLIENT_ID", "altiplano")
    monkeypatch.setenv("ALTIPLANO_OIDC_CLIENT_SECRET", "hush")
    (client,) = env.read_oidc_clients()
    assert client["name"] == "id.example.org"
    assert client["settings"] == {"server_url": "https://id.example.org/realm"}
    monkeypatch.setenv("ALTIPLANO_OIDC_NAME", "School")
    assert env.read_oidc_clients()[0]["name"] == "School"
