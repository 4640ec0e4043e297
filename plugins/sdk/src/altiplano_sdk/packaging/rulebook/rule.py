"""What a rule is: a number that never changes its meaning, a reason, and two examples."""

from dataclasses import dataclass

from altiplano_sdk.packaging.findings import Finding, Severity


@dataclass(frozen=True, slots=True)
class Example:
    """One file of a small package. ``text`` None means that the file is not there.

    Lines of a manifest stand for the whole manifest: they replace the lines of the same name.
    """

    file: str
    text: str | None


def _plain(text: str) -> str:
    """Messages quote what strangers wrote: nothing of it may be invisible, or move a cursor."""
    return "".join(char if char.isprintable() else "\ufffd" for char in text)


@dataclass(frozen=True, slots=True)
class Rule:
    """``hint`` is the way to mend it that is said when the check knows no better one."""

    code: str
    title: str
    why: str
    hint: str
    bad: Example
    good: Example
    severity: Severity = Severity.ERROR

    def finding(self, message: str, *, file: str = "", line: int = 0, hint: str = "") -> Finding:
        """This rule broken; without ``file``, by the file of its examples."""
        return Finding(
            rule=self.code,
            severity=self.severity,
            file=_plain(file or self.bad.file),
            line=line,
            message=_plain(message),
            hint=_plain(hint or self.hint),
        )
