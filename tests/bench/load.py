"""A streaming chat load against one OpenAI-compatible endpoint, in a process of its own.

``python -m tests.bench.load --base URL/v1 --model M --streams N`` opens N streams at once and
prints one JSON line: words a second, and the time to the first word.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import statistics
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field

import aiohttp
import orjson

SECONDS = 300


@dataclass
class Tally:
    """What all streams of a load saw. ``errors`` are the first words of what went wrong."""

    first_word_ms: list[float] = field(default_factory=list)
    words: int = 0
    errors: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Load:
    streams: int
    words_per_s: float
    ttft_p50_ms: float
    ttft_p95_ms: float
    errors: int
    first_error: str = ""


async def open_load(base: str, model: str, key: str, streams: int, tokens: int) -> Load:
    """All streams begin together and are read to their end."""
    tally = Tally()
    connector = aiohttp.TCPConnector(limit=streams)
    timeout = aiohttp.ClientTimeout(total=SECONDS)
    async with aiohttp.ClientSession(connector=connector, timeout=timeout) as session:
        begun = time.perf_counter()
        await asyncio.gather(
            *(_stream(session, base, model, key, tokens, n, tally) for n in range(streams))
        )
        seconds = time.perf_counter() - begun
    times = sorted(tally.first_word_ms) or [float("nan")]
    return Load(
        streams=streams,
        words_per_s=round(tally.words / seconds, 1),
        ttft_p50_ms=round(statistics.median(times), 1),
        ttft_p95_ms=round(times[min(len(times) - 1, int(0.95 * len(times)))], 1),
        errors=len(tally.errors),
        first_error=tally.errors[0] if tally.errors else "",
    )


async def _stream(
    session: aiohttp.ClientSession,
    base: str,
    model: str,
    key: str,
    tokens: int,
    number: int,
    tally: Tally,
) -> None:
    body = {
        "model": model,
        "stream": True,
        "max_tokens": tokens,
        "temperature": 0,
        "messages": [{"role": "user", "content": f"How do schools compost? ({number})"}],
    }
    headers = {"Authorization": f"Bearer {key}"}
    begun = time.perf_counter()
    has_begun = has_ended = False
    try:
        async with session.post(f"{base}/chat/completions", json=body, headers=headers) as response:
            if response.status != 200:
                tally.errors.append(f"{response.status} {(await response.text())[:200]}")
                return
            async for line in response.content:
                if not line.startswith(b"data: "):
                    continue
                if line.startswith(b"data: [DONE]"):
                    has_ended = True
                    break
                text = _text(line[6:])
                if text:
                    tally.words += text.count(" ")
                    if not has_begun:
                        has_begun = True
                        tally.first_word_ms.append((time.perf_counter() - begun) * 1000)
        if not has_ended:
            tally.errors.append("the stream ended without [DONE]")
    except (aiohttp.ClientError, TimeoutError, ValueError) as error:
        tally.errors.append(f"{type(error).__name__}: {error}"[:200])


def _text(data: bytes) -> str:
    body = orjson.loads(data)
    if "error" in body:
        raise ValueError(body["error"]["message"])
    choices = body["choices"]
    return (choices[0]["delta"].get("content") or "") if choices else ""


def run_load(*, base: str, model: str, key: str, streams: int, tokens: int) -> Load:
    """As :func:`open_load`, in another process; raises when a stream failed."""
    argv = [
        sys.executable, "-m", "tests.bench.load", "--base", base, "--model", model,
        "--key", key, "--streams", str(streams), "--tokens", str(tokens),
    ]  # fmt: skip
    done = subprocess.run(argv, capture_output=True, text=True, timeout=SECONDS + 30, check=True)
    load = Load(**json.loads(done.stdout.splitlines()[-1]))
    if load.errors:
        raise RuntimeError(f"{load.errors} of {streams} streams failed: {load.first_error}")
    return load


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.load")
    parser.add_argument("--base", required=True)
    parser.add_argument("--model", required=True)
    parser.add_argument("--key", default="none")
    parser.add_argument("--streams", type=int, default=32)
    parser.add_argument("--tokens", type=int, default=64)
    options = parser.parse_args(argv)
    load = asyncio.run(
        open_load(options.base, options.model, options.key, options.streams, options.tokens)
    )
    print(json.dumps(asdict(load)))


if __name__ == "__main__":
    main()
