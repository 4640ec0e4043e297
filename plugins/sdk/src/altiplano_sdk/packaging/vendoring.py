"""Fetching what a plugin needs, once, on its author's machine."""

import hashlib
import platform
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from packaging.utils import parse_wheel_filename

from altiplano_sdk.packaging.findings import PackageError
from altiplano_sdk.packaging.requirement_checks import PROVIDED
from altiplano_sdk.packaging.rulebook import files as rules

_SECONDS: Final = 900


@dataclass(frozen=True, slots=True)
class Wheel:
    """A vendored wheel; ``file`` is its name."""

    file: str
    data: bytes

    @property
    def name(self) -> str:
        return parse_wheel_filename(self.file)[0]

    @property
    def version(self) -> str:
        return str(parse_wheel_filename(self.file)[1])

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.data).hexdigest()


def fetch_wheels(requirements: tuple[str, ...], *, python: str | None = None) -> tuple[Wheel, ...]:
    """The wheels of ``requirements`` and of all they need, but of what the sandbox brings.

    pip fetches them from wherever it is set up to; nothing is built or installed. ``python`` is
    the platform's version ("3.12"), this one's if not said. Wheels are for Linux, wherever this
    runs. Raises PackageError when one does not exist as such a wheel.
    """
    if not requirements:
        return ()
    with TemporaryDirectory(prefix="altiplano-wheels-") as folder:
        options = ["--only-binary=:all:", "--disable-pip-version-check", "--no-input", "--quiet"]
        options += _target(python)
        command = [sys.executable, "-m", "pip", "download", *options, "--dest", folder]
        try:
            done = subprocess.run(
                [*command, *requirements],
                capture_output=True,
                text=True,
                timeout=_SECONDS,
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            finding = rules.NOT_FETCHED.finding("pip takes longer than a quarter of an hour.")
            raise PackageError([finding]) from error
        if done.returncode:
            raise PackageError([rules.NOT_FETCHED.finding(_reason(done.stderr))])
        wheels = [Wheel(path.name, path.read_bytes()) for path in sorted(Path(folder).iterdir())]
    return tuple(wheel for wheel in wheels if wheel.name not in PROVIDED)


def _target(python: str | None) -> list[str]:
    """What pip must be told when the platform's Python is not the one that packs."""
    if python is None and sys.platform == "linux":
        return []
    version = python or f"{sys.version_info.major}.{sys.version_info.minor}"
    machine = {"arm64": "aarch64", "AMD64": "x86_64"}.get(platform.machine(), platform.machine())
    systems = [f"manylinux_2_28_{machine}", f"manylinux_2_17_{machine}", f"manylinux2014_{machine}"]
    named = [word for system in systems for word in ("--platform", system)]
    return ["--implementation", "cp", "--python-version", version, *named]


def _reason(errors: str) -> str:
    lines = [line.strip() for line in errors.splitlines() if line.strip().startswith("ERROR")]
    said = lines[-1].removeprefix("ERROR:").strip() if lines else "pip gave no reason"
    return f"pip: {said.rstrip('.')[:140]}."
