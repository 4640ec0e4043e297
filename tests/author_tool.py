"""The author's tool as a new author has it: built as a wheel, alone in an empty environment."""

import os
import subprocess
import sys
import venv
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
SDK = ROOT / "plugins/sdk"
KEPT = ("PATH", "PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL", "PIP_CERT", "SSL_CERT_FILE", "LANG")


def build_wheel(folder: Path) -> Path:
    """The SDK's wheel in ``folder``, built with what is installed here."""
    build = [sys.executable, "-m", "pip", "wheel", "--no-deps", "--no-build-isolation", "--quiet"]
    subprocess.run([*build, "--wheel-dir", str(folder), str(SDK)], check=True, capture_output=True)
    (wheel,) = folder.glob("*.whl")
    return wheel


def make_environment(folder: Path, wheel: Path) -> dict[str, str]:
    """The variables of a shell in an empty virtual environment, with a home of its own.

    ``pip install altiplano-sdk`` finds the wheel there.
    """
    (folder / "constraints.txt").write_text(f"altiplano-sdk @ {wheel.as_uri()}\n")
    venv.create(folder / "venv", with_pip=True)
    found = {name: os.environ[name] for name in KEPT if name in os.environ}
    (folder / "home").mkdir()
    return {
        **found,
        "PATH": f"{folder / 'venv/bin'}:{found['PATH']}",
        "HOME": str(folder / "home"),
        "PIP_CONSTRAINT": str(folder / "constraints.txt"),
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
    }


@dataclass(frozen=True, slots=True)
class Said:
    """How a command ended, and what stood on the screen."""

    status: int
    lines: tuple[str, ...]

    @property
    def text(self) -> str:
        """All of it, each run of white space as one space: sentences are wrapped."""
        return " ".join(" ".join(self.lines).split())


def run_command(
    command: str, folder: Path, environment: Mapping[str, str], *, seconds: float = 600
) -> Said:
    """A line as it is typed into a shell in ``folder``."""
    done = subprocess.run(
        ["/bin/bash", "-euc", command],
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=seconds,
        check=False,
    )
    return Said(done.returncode, tuple(done.stdout.splitlines()))
