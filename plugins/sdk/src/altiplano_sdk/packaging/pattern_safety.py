"""Whether a stranger's regular expression ends soon, whatever it is matched with.

Python tries every way in which the repeated parts of a pattern can share a text. The number of
ways is at most the product of how often each may repeat, when no repeated part lies in another;
only patterns with a small product pass.
"""

import re
import warnings
from typing import Any, Final

MOST_WAYS: Final = 10_000_000
UNBOUNDED: Final = 100_000
"""How often an unbounded part may repeat in a text of unknown length."""
_LONGEST: Final = 500
_COUNT: Final = re.compile(r"\{(\d{0,6})(,?)(\d{0,6})\}")
_PLAIN_GROUP: Final = re.compile(r"\?(?::|P<[A-Za-z_]\w{0,40}>)")


def pattern_problem(pattern: Any, *, longest: Any = None) -> str:
    """Why the pattern is not used, as a part of a sentence; empty for a harmless one.

    ``longest`` is the most characters that a text may have to be matched, when there is a bound.
    """
    if not isinstance(pattern, str) or len(pattern) > _LONGEST:
        return f"a pattern is no text of at most {_LONGEST} characters"
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            re.compile(pattern)
    except (re.error, OverflowError, RecursionError):
        return "a pattern cannot be read"
    bounded = longest if isinstance(longest, int) and 0 < longest < UNBOUNDED else UNBOUNDED
    try:
        ways = _Scanner(pattern, bounded).count_ways()
    except _RefusedError as refusal:
        return f"a pattern {refusal}"
    if ways > MOST_WAYS:
        return "a pattern repeats too much; bound it, or the length of the text"
    return ""


class _RefusedError(Exception):
    """The pattern holds something whose cost is not counted."""


class _Scanner:
    """Reads a pattern that Python accepts, sign by sign."""

    def __init__(self, pattern: str, unbounded: int) -> None:
        self._pattern = pattern
        self._unbounded = unbounded
        self._at = 0

    def count_ways(self) -> int:
        ways, depth, repeats = 1, 0, 0
        while self._at < len(self._pattern):
            sign = self._pattern[self._at]
            self._at += 1
            if sign == "(":
                depth += 1
                self._enter_group()
                continue
            if sign == ")":
                depth -= 1
                repeated = self._pattern[self._at : self._at + 1] in {"*", "+", "{"}
                if repeated:
                    raise _RefusedError("repeats a group")
                ways *= self._repetition()
                continue
            if sign == "|":
                if depth == 0:
                    raise _RefusedError("has choices outside of a group")
                ways *= 2
                continue
            if sign == "\\":
                self._escape()
            elif sign == "[":
                self._skip_class()
            often = self._repetition()
            repeats += often > 1
            ways *= often
        if repeats and not self._pattern.startswith(("^", r"\A")):
            # Unanchored, it is tried at every place of the text.
            ways *= self._unbounded
        return ways

    def _enter_group(self) -> None:
        if self._pattern.startswith("?", self._at):
            match = _PLAIN_GROUP.match(self._pattern, self._at)
            if match is None:
                raise _RefusedError("looks around, or back")
            self._at = match.end()

    def _escape(self) -> None:
        if self._pattern[self._at] in "123456789":
            raise _RefusedError("refers back to a group")
        self._at += 1

    def _skip_class(self) -> None:
        self._at += self._pattern.startswith("^", self._at)
        self._at += self._pattern.startswith("]", self._at)
        while self._pattern[self._at] != "]":
            self._at += 2 if self._pattern[self._at] == "\\" else 1
        self._at += 1

    def _repetition(self) -> int:
        """In how many ways what was just read may repeat; 1 when it does not."""
        rest = self._pattern[self._at : self._at + 1]
        if rest == "?":
            often, length = 2, 1
        elif rest in {"*", "+"}:
            often, length = self._unbounded, 1
        elif match := _COUNT.match(self._pattern, self._at):
            least, comma, most = match.groups()
            if not (least or comma):
                return 1  # `{}` is two plain signs
            length = match.end() - self._at
            often = 1
            if comma:
                often = int(most) - int(least or 0) + 1 if most else self._unbounded
        else:
            return 1
        self._at += length
        # Lazy or possessive: no more ways than greedy.
        self._at += self._pattern[self._at : self._at + 1] in {"?", "+"}
        return max(1, often)
