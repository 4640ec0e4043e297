"""Runs a module as root and as an ordinary user, where this process may choose."""

import json
import os
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

from altiplano_worker.runtime.sandbox.layout import child_layout

NOBODY = 65534
ROOT = Path(__file__).parents[3]


def can_be(account: str) -> bool:
    """Root can be both; an ordinary user stays one."""
    return account == "ordinary" or os.geteuid() == 0


def run_attempts(account: str, level: str, cases: list[str]) -> dict[str, Any]:
    """What ``attempts`` printed under the account."""
    command = [sys.executable, "-m", "tests.integration.sandbox.attempts", level, *cases]
    if os.geteuid() == 0:
        command = _with_python_for_all(command, account)
    done = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=240
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout.splitlines()[-1])


def _with_python_for_all(command: list[str], account: str) -> list[str]:
    """The command in a mount namespace in which every account can read Python, as it should be.

    A Python below a home that only its owner can enter is shown alone in an empty home.
    """
    become = (
        f"setpriv --reuid {NOBODY} --regid {NOBODY} --clear-groups "
        if account == "ordinary"
        else ""
    )
    steps = []
    prefix = Path(sys.base_prefix)
    closed = [parent for parent in prefix.parents if not parent.stat().st_mode & 0o001]
    if closed:
        home = closed[-1]
        steps = [
            "mkdir -p /tmp/altiplano-python && mount -t tmpfs -o mode=755 none /tmp/altiplano-python",
            "mkdir /tmp/altiplano-python/prefix",
            f"mount --bind {prefix} /tmp/altiplano-python/prefix",
            f"mount -t tmpfs -o mode=755 none {home}",
            f"mkdir -p {prefix}",
            f"mount --bind /tmp/altiplano-python/prefix {prefix}",
            "umount /tmp/altiplano-python/prefix /tmp/altiplano-python",
        ]
    script = " && ".join([*steps, f"exec {become}{shlex.join(command)}"])
    child_layout()
    return ["unshare", "--mount", "--propagation", "private", "sh", "-c", script]
