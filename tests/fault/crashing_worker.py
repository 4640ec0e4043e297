"""A Celery worker that dies at a marked point when it is told to, once per order.

``python -m tests.fault.crashing_worker FILE celery-arguments…``. The order is the file's content,
``child 7`` or ``worker 7``: at the seventh crash point that a pool process passes after reading the
order it kills itself, or the whole worker with its children. The file is taken away first, so that
nobody dies twice of one order.
"""

import os
import signal
import sys
from pathlib import Path

from altiplano_worker.runtime import crash_points


class Order:
    """Counts crash points from the moment an order lies there."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._passed = 0

    def pass_point(self, name: str) -> None:
        try:
            whom, at = self._file.read_text().split()
        except (FileNotFoundError, ValueError):
            self._passed = 0
            return
        self._passed += 1
        if self._passed == int(at):
            self._strike(whom, name)

    def _strike(self, whom: str, name: str) -> None:
        struck = self._file.with_name(f"{self._file.name}.struck")
        try:
            self._file.rename(struck)
        except FileNotFoundError:
            return
        struck.write_text(name)
        if whom == "worker":
            os.killpg(os.getpgid(os.getppid()), signal.SIGKILL)
        os.kill(os.getpid(), signal.SIGKILL)


def main() -> None:
    # Before anything imports the function by its name.
    crash_points.crash_point = Order(Path(sys.argv[1])).pass_point
    from celery.__main__ import main as celery

    sys.argv = ["celery", *sys.argv[2:]]
    celery()


if __name__ == "__main__":
    main()
