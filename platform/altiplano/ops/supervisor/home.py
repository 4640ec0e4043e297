"""The folder that holds all state: who may read it, where each thing lies."""

import os
import secrets
from dataclasses import dataclass
from pathlib import Path

from altiplano.config import env

PRIVATE_FOLDER = 0o700
PRIVATE_FILE = 0o600


class HomeError(Exception):
    """The home cannot be used; the message says why and what to do."""


@dataclass(frozen=True, slots=True)
class Home:
    """``ALTIPLANO_HOME``: what lasts lies at the top, what ends with the processes in ``run``."""

    root: Path

    @property
    def run(self) -> Path:
        return self.root / "run"

    @property
    def logs(self) -> Path:
        return self.root / "logs"

    @property
    def broker_data(self) -> Path:
        return self.root / "broker"

    @property
    def secret_key(self) -> Path:
        return self.root / "secret_key"

    @property
    def broker_url(self) -> Path:
        return self.run / "broker_url"

    @property
    def engine_key(self) -> Path:
        return self.run / "engine_key"

    @property
    def demo(self) -> Path:
        return self.root / "demo.json"


def default_home() -> Home:
    """The home that the environment names; the same rule as in the settings."""
    return Home(env.read_path("HOME", Path.cwd() / "var"))


def prepare_home(root: Path) -> Home:
    """The home exists, nobody else can read it, and it has a secret key of its own."""
    home = Home(root)
    try:
        for folder in (home.root, home.run, home.logs, home.broker_data):
            folder.mkdir(mode=PRIVATE_FOLDER, parents=True, exist_ok=True)
        home.root.chmod(PRIVATE_FOLDER)
        if not env.read_secret("SECRET_KEY") and not home.secret_key.exists():
            write_private(home.secret_key, secrets.token_urlsafe(50))
    except OSError as error:
        raise HomeError(
            f"{root} cannot be used as the home ({error.strerror or error}). "
            "Name a folder that you may write to in ALTIPLANO_HOME."
        ) from error
    return home


def write_private(path: Path, text: str) -> None:
    """The file holds exactly this text and only its owner may read it, at every moment."""
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, PRIVATE_FILE)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)
