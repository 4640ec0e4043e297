"""Telling a person what a benchmark is doing, away from the figures on stdout."""

import sys
import time

_started = time.monotonic()


def report(message: str) -> None:
    print(f"[{time.monotonic() - _started:7.1f} s] {message}", file=sys.stderr, flush=True)
