"""What a person sees and what is kept: one prefix per part, one size-capped file per part."""

import logging
import logging.handlers
import os
import re
import sys
from pathlib import Path
from typing import TextIO

NAME_WIDTH = 7
FILE_BYTES = 5 * 1024 * 1024
FILES_KEPT = 3
LONGEST_LINE = 2000
COLOURS = (36, 35, 33, 32, 34, 96, 95, 93)
# A child could otherwise move the cursor or retitle the terminal: only text is passed on.
CONTROL = re.compile(
    r"\x1b\[[0-9;?]*[ -/]*[@-~]|\x1b[\]PX^_].*?(?:\x07|\x1b\\)|[\x00-\x08\x0b-\x1f\x7f]"
)


class Terminal:
    """Lines for people. A reader that went away (``| head``) does not stop the supervisor."""

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream: TextIO | None = stream or sys.stdout
        self._coloured = self._stream.isatty() and "NO_COLOR" not in os.environ
        self._colours: dict[str, int] = {}

    def say(self, line: str = "") -> None:
        """A line of the supervisor's own."""
        self._write(line)

    def show(self, part: str, line: str) -> None:
        """A line of a part, behind its name."""
        prefix = f"{part:<{NAME_WIDTH}} | "
        if self._coloured:
            colour = self._colours.setdefault(part, COLOURS[len(self._colours) % len(COLOURS)])
            prefix = f"\x1b[{colour}m{prefix}\x1b[0m"
        self._write(prefix + line)

    def _write(self, line: str) -> None:
        if self._stream is None:
            return
        try:
            self._stream.write(line + "\n")
            self._stream.flush()
        except (BrokenPipeError, ValueError):
            self._stream = None


class PartLog:
    """Everything a part says goes to ``logs/<part>.log``, and to the terminal but for ``unshown``."""

    def __init__(
        self, part: str, folder: Path, terminal: Terminal, *, unshown: tuple[str, ...] = ()
    ) -> None:
        self._part = part
        self._unshown = unshown
        self._terminal = terminal
        self._file = logging.handlers.RotatingFileHandler(
            folder / f"{part}.log", maxBytes=FILE_BYTES, backupCount=FILES_KEPT, encoding="utf-8"
        )
        self._file.setFormatter(logging.Formatter("%(asctime)s %(message)s"))
        self.path = folder / f"{part}.log"

    def write(self, raw: bytes) -> None:
        line = CONTROL.sub("", raw.decode("utf-8", "replace")).rstrip()
        if not line:
            return
        if len(line) > LONGEST_LINE:
            line = line[:LONGEST_LINE] + " …"
        self._file.emit(logging.makeLogRecord({"msg": "%s", "args": (line,)}))
        if not any(text in line for text in self._unshown):
            self._terminal.show(self._part, line)

    def close(self) -> None:
        self._file.close()
