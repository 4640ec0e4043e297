"""What the platform adds between an engine and a reader: signed in, quota checked, run stored.

Paced engine, load client and all parts of the platform share the machine, as in ``targets.md``;
the direct figure is of the same engine and client in the same run.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from tests.bench.load import Load, run_load
from tests.stack import Stack, accepts, free_port, running_stack, wait_until

STREAMS = (1, 32, 128, 256)
WORDS = 64
FIRST_WORD_MS = 20
GAP_MS = 10
APP = "green-schools/chat"


@contextmanager
def paced_engine() -> Iterator[str]:
    """A fake engine in a process of its own; yields its base address."""
    port = free_port()
    argv = [
        sys.executable, "-m", "tests.fakes.engine", "--port", str(port), "--words", str(WORDS),
        "--ttft", str(FIRST_WORD_MS), "--gap", str(GAP_MS),
    ]  # fmt: skip
    with subprocess.Popen(argv) as process:
        try:
            wait_until("the engine answers", lambda: accepts(port))
            yield f"http://127.0.0.1:{port}/v1"
        finally:
            process.terminate()


def compare(
    stack: Stack, *, engine_url: str, engine_model: str, streams: int, tokens: int
) -> dict[str, float]:
    """The load through the platform beside the same load on the engine itself."""
    direct = run_load(
        base=engine_url, model=engine_model, key="none", streams=streams, tokens=tokens
    )
    relayed = run_load(
        base=f"{stack.url}/v1", model=APP, key=stack.people["alice_key"], streams=streams,
        tokens=tokens,
    )  # fmt: skip
    return figures(direct, relayed)


def figures(direct: Load, relayed: Load) -> dict[str, float]:
    return {
        "streams": relayed.streams,
        "words_per_s": relayed.words_per_s,
        "direct_words_per_s": direct.words_per_s,
        "ratio": round(relayed.words_per_s / direct.words_per_s, 3),
        "ttft_p50_ms": relayed.ttft_p50_ms,
        "ttft_p95_ms": relayed.ttft_p95_ms,
        "direct_ttft_p50_ms": direct.ttft_p50_ms,
    }


def measure(streams: Sequence[int] = STREAMS) -> list[dict[str, float]]:
    with (
        paced_engine() as engine_url,
        running_stack(engine_url=engine_url, STREAMS_PER_PERSON="600") as stack,
    ):
        run_load(
            base=f"{stack.url}/v1", model=APP, key=stack.people["alice_key"], streams=8,
            tokens=WORDS,
        )  # fmt: skip
        return [
            compare(stack, engine_url=engine_url, engine_model="fake", streams=count, tokens=WORDS)
            for count in streams
        ]


def run(arguments: Sequence[str]) -> dict[str, Any]:
    parser = argparse.ArgumentParser(prog="python -m tests.bench relay")
    parser.add_argument("--streams", type=int, nargs="+", default=list(STREAMS))
    options = parser.parse_args(arguments)
    return {"relay": measure(options.streams)}
