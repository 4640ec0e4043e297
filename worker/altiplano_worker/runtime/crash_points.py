"""Places at which a test can kill the process, to prove that a crash there loses nothing.

With ``ALTIPLANO_CRASH_AT=n`` in the environment the process exits at the n-th point it passes,
without unwinding: no ``finally``, no flush, like a power cut seen from the code. Without the
variable a point costs one comparison. It is read here and not with the settings because it must
work in a bare child process that loads no settings.
"""

import itertools
import os
from typing import Final

EXIT_CODE: Final = 86
"""What a crashed process returns, so that a test can tell it from any other failure."""

_crash_at: Final = int(os.environ.get("ALTIPLANO_CRASH_AT") or "0")
_passed = itertools.count(1)


def crash_point(name: str) -> None:
    """The process goes on, unless this is the point it was asked to die at.

    ``name`` says what has just been done; it is written to stderr before the exit.
    """
    if _crash_at and next(_passed) == _crash_at:
        os.write(2, f"crash point {_crash_at}: {name}\n".encode())
        os._exit(EXIT_CODE)
