"""``python -m tests.bench NAME [options]``: progress on stderr, one JSON line last on stdout."""

import importlib
import json
import sys
from pathlib import Path

_HERE = Path(__file__).parent


def benchmark_names() -> list[str]:
    """The modules of this package that define a benchmark: those with a ``run`` function."""
    return sorted(
        path.stem
        for path in _HERE.glob("[a-z]*.py")
        if "\ndef run(arguments: Sequence[str])" in path.read_text(encoding="utf-8")
    )


def main(arguments: list[str]) -> int:
    names = benchmark_names()
    if not arguments or arguments[0] not in names:
        print(f"usage: python -m tests.bench {{{','.join(names)}}} [options]", file=sys.stderr)
        return 2
    module = importlib.import_module(f"tests.bench.{arguments[0]}")
    figures = module.run(arguments[1:])
    print(json.dumps(figures), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
