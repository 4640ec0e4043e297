import stat
import sys

import pytest

from altiplano.ops.supervisor.home import Home, HomeError, prepare_home, write_private

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="POSIX permissions")


def mode_of(path):
    return stat.S_IMODE(path.stat().st_mode)


@pytest.fixture
def no_key_in_environment(monkeypatch):
    monkeypatch.delenv("ALTIPLANO_SECRET_KEY", raising=False)


@pytest.mark.usefixtures("no_key_in_environment")
def test_home_is_private_and_has_a_key_of_its_own(tmp_path):
    home = prepare_home(tmp_path / "var")

    assert mode_of(home.root) == 0o700
    assert mode_of(home.secret_key) == 0o600
    assert len(home.secret_key.read_text()) >= 50


@pytest.mark.usefixtures("no_key_in_environment")
def test_home_prepared_twice_keeps_its_key(tmp_path):
    first = prepare_home(tmp_path).secret_key.read_text()

    assert prepare_home(tmp_path).secret_key.read_text() == first


@pytest.mark.usefixtures("no_key_in_environment")
def test_home_that_others_could_read_is_closed(tmp_path):
    tmp_path.chmod(0o755)

    prepare_home(tmp_path)

    assert mode_of(tmp_path) == 0o700


def test_home_makes_no_key_where_the_environment_has_one(tmp_path, monkeypatch):
    monkeypatch.setenv("ALTIPLANO_SECRET_KEY", "one from outside")

    assert not prepare_home(tmp_path).secret_key.exists()


def test_home_that_is_a_file_is_refused_with_a_remedy(tmp_path):
    (tmp_path / "var").write_text("")

    with pytest.raises(HomeError, match="ALTIPLANO_HOME"):
        prepare_home(tmp_path / "var")


def test_private_file_replaces_an_open_one(tmp_path):
    path = tmp_path / "secret"
    path.write_text("old")
    path.chmod(0o644)

    write_private(path, "new")

    assert path.read_text() == "new"
    assert mode_of(path) == 0o600
    assert [one.name for one in tmp_path.iterdir()] == ["secret"]


def test_home_keeps_what_ends_with_the_processes_apart(tmp_path):
    home = Home(tmp_path)

    assert home.broker_url.parent == home.engine_key.parent == home.run
    assert home.demo.parent == home.secret_key.parent == home.root
