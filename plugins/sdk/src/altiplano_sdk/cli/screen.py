"""One screen: what a command says is cut to what a terminal shows without scrolling."""

import os
import sys
import textwrap
from collections.abc import Sequence
from typing import Final, TextIO

from altiplano_sdk.packaging.findings import Finding, Severity

LINES: Final = 24
COLUMNS: Final = 100
_RED, _YELLOW, _GREEN, _PLAIN = "\x1b[31m", "\x1b[33m", "\x1b[32m", "\x1b[0m"


class Screen:
    """Collects lines and shows at most :data:`LINES` of them, none longer than :data:`COLUMNS`.

    Colours only where a terminal shows them and ``NO_COLOR`` is not set.
    """

    def __init__(self, out: TextIO | None = None) -> None:
        self._out = out if out is not None else sys.stdout
        self._lines: list[str] = []
        self._colours = self._out.isatty() and not os.environ.get("NO_COLOR")

    def say(self, text: str = "") -> None:
        """One line, or several."""
        self._lines += [_shortened(line) for line in text.split("\n")]

    def good(self, text: str) -> None:
        """A sentence that says that something went well."""
        self._lines += [self._coloured(line, _GREEN) for line in _wrapped(text)]

    def bad(self, text: str) -> None:
        """A sentence that says that something went wrong."""
        self._lines += [self._coloured(line, _RED) for line in _wrapped(text)]

    def findings(self, findings: Sequence[Finding], *, room: int = LINES - 2) -> None:
        """Where, which rule and what, and below it how to mend it; errors first.

        Takes at most ``room`` lines and says how many findings it leaves out.
        """
        for shown, finding in enumerate(findings):
            colour = _RED if finding.severity is Severity.ERROR else _YELLOW
            head = _wrapped(f"{finding.place}  {finding.rule}  {finding.message}")
            hint = _wrapped(finding.hint, indent="    ")
            is_last = shown == len(findings) - 1
            room -= len(head) + len(hint)
            if room < (0 if is_last else 1):
                left = len(findings) - shown
                self._lines.append(f"... and {left} more; mend these first.")
                return
            self._lines += [self._coloured(line, colour) for line in head]
            self._lines += hint

    def show(self) -> None:
        """Everything said so far, at most one screen of it; nothing is kept."""
        lines, self._lines = self._lines, []
        if len(lines) > LINES:
            lines = [*lines[: LINES - 1], f"... and {len(lines) - LINES + 1} more lines."]
        self._out.write("".join(f"{line}\n" for line in lines))
        self._out.flush()

    def _coloured(self, text: str, colour: str) -> str:
        return f"{colour}{text}{_PLAIN}" if self._colours else text


def _plain(text: str) -> str:
    return "".join(char if char.isprintable() else " " for char in text)


def _shortened(line: str) -> str:
    plain = _plain(line)
    return plain if len(plain) <= COLUMNS else f"{plain[: COLUMNS - 1]}…"


def _wrapped(text: str, *, indent: str = "") -> list[str]:
    """The sentence in lines, three at most; what is still longer ends in an ellipsis."""
    lines = textwrap.wrap(
        _plain(text),
        COLUMNS,
        initial_indent=indent,
        subsequent_indent=f"{indent}    ",
        max_lines=3,
        placeholder=" …",
        break_on_hyphens=False,
    )
    return lines or [indent.rstrip()]
