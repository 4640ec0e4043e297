"""The relay benchmark against a real vLLM on the CPU, with the embedded weights.

Both sides send the same prompt, so that both get the same answers; what differs is only the
platform in between.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tests.bench.load import run_load
from tests.bench.relay import APP, compare
from tests.stack import running_stack
from tests.vllm.environment import ROOT
from tests.vllm.server import MODEL, running_vllm

STREAMS = (1, 16, 32)
TOKENS = 64
PLAIN = {
    "stages": [
        {"kind": "prompt", "plugin": "chat", "config": {"system": ""}},
        {"kind": "generator", "plugin": "openai-chat", "config": {}},
    ]
}


def measure(home: Path, streams: Sequence[int]) -> list[dict[str, float]]:
    with running_vllm(home=home) as vllm:
        print(f"vLLM was ready after {vllm.ready_seconds:.0f} s", file=sys.stderr)
        with running_stack(
            engine_url=vllm.base_url, engine_model=MODEL, ENGINE_PROVIDER="vllm"
        ) as stack:
            stack.python(
                "import json\nfrom altiplano.studio.models import AppVersion\n"
                f"AppVersion.unscoped.update(pipeline=json.loads({json.dumps(PLAIN)!r}))"
            )
            for base, model, key in (
                (vllm.base_url, MODEL, "none"),
                (f"{stack.url}/v1", APP, stack.people["alice_key"]),
            ):
                run_load(base=base, model=model, key=key, streams=4, tokens=TOKENS)
            return [
                compare(
                    stack,
                    engine_url=vllm.base_url,
                    engine_model=MODEL,
                    streams=count,
                    tokens=TOKENS,
                )
                for count in streams
            ]


def run(arguments: Sequence[str]) -> dict[str, Any]:
    parser = argparse.ArgumentParser(prog="python -m tests.bench vllm")
    parser.add_argument("--streams", type=int, nargs="+", default=list(STREAMS))
    options = parser.parse_args(arguments)
    home = Path(os.environ.get("ALTIPLANO_VLLM_HOME") or ROOT / "var" / "vllm")
    return {"vllm": measure(home, options.streams)}
