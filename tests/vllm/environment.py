"""The virtual environment that vLLM lives in, apart from the project's own."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
LOCK = ROOT / "requirements" / "vllm.txt"
TORCH = "torch==2.13.0"


def ensure_environment(directory: Path = ROOT / ".venv-vllm") -> Path:
    """The interpreter of an environment in which the locked vLLM is installed.

    Takes a minute or more and some 3.5 GB when the environment is not there yet; one whose
    installation was cut off is completed.
    """
    python = directory / "bin" / "python"
    stamp = directory / "altiplano-vllm.lock"
    wanted = LOCK.read_text(encoding="utf-8")
    if stamp.is_file() and stamp.read_text(encoding="utf-8") == wanted:
        return python
    _say(f"installing vLLM into {directory.name} (3.5 GB, once)")
    if not python.exists():
        _run(sys.executable, "-m", "venv", str(directory))
    pip = (str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check")
    # Where pip finds a CPU build of this version it takes that; any other build works as well.
    _run(*pip, TORCH)
    # --no-deps: the lock is whole but for torch, and nothing outside it shall come in.
    _run(*pip, "--no-deps", "--require-hashes", "--requirement", str(LOCK))
    stamp.write_text(wanted, encoding="utf-8")
    return python


def _run(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(command[:6])} … failed:\n{done.stderr[-4000:]}")


def _say(text: str) -> None:
    print(f"==> {text}", file=sys.__stderr__, flush=True)
