"""Stops the children when the supervisor is killed in a way that lets it stop nothing itself.

Runs as ``python -I -S watchdog.py`` with a pipe on standard input that only the supervisor holds
open. Each line is ``+PID`` (a new child, leader of its group) or ``-PID`` (gone). ``bye`` means
an orderly end. The end of the pipe without it means that the supervisor is dead: every group is
asked to stop and killed after a grace time. Uses the standard library only and imports little.
"""

import contextlib
import os
import signal
import sys
import time
from collections.abc import Iterable

GRACE_SECONDS = 8.0
POLL_SECONDS = 0.1


def signal_groups(groups: set[int], number: int) -> set[int]:
    """The groups that still exist after each was sent the signal."""
    left = set()
    for group in groups:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(group, number)
            left.add(group)
    return left


def watched_groups(lines: Iterable[str]) -> set[int] | None:
    """The groups to stop after the last line; None when the supervisor said goodbye."""
    groups: set[int] = set()
    for line in lines:
        word = line.strip()
        if word == "bye":
            return None
        if word[:1] == "+" and word[1:].isdigit():
            groups.add(int(word[1:]))
        elif word[:1] == "-" and word[1:].isdigit():
            groups.discard(int(word[1:]))
    return groups


def main() -> None:
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)  # it ends with the pipe, and only then
    groups = watched_groups(sys.stdin)
    if not groups:
        return
    left = signal_groups(groups, signal.SIGTERM)
    deadline = time.monotonic() + GRACE_SECONDS
    while left and time.monotonic() < deadline:
        time.sleep(POLL_SECONDS)
        left = signal_groups(left, 0)
    signal_groups(left, signal.SIGKILL)


if __name__ == "__main__":
    main()
