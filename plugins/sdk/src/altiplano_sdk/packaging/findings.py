"""The form of every complaint about a package: which rule, where, what is wrong, how to mend it."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any


class Severity(StrEnum):
    """An error keeps a package from being packed, uploaded or installed; a warning does not."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Finding:
    """``file`` is relative to the author's folder; ``line`` counts from 1, 0 for a whole file.

    ``message`` says what is wrong with this package, ``hint`` how to mend it. ``rule`` names the
    entry of ``docs/reference/plugin-rules.md`` that says why the rule exists.
    """

    rule: str
    severity: Severity
    file: str
    line: int
    message: str
    hint: str

    @property
    def place(self) -> str:
        """``file:line``, as editors and terminals make it a link."""
        return f"{self.file}:{self.line}" if self.line else self.file

    def to_dict(self) -> dict[str, Any]:
        """Ready for JSON."""
        return {**asdict(self), "severity": str(self.severity)}

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> "Finding":
        """What :meth:`to_dict` was given. Raises ValueError for anything else."""
        try:
            return cls(**{**data, "severity": Severity(data["severity"])})
        except (KeyError, TypeError) as error:
            raise ValueError("not a finding") from error


class PackageError(Exception):
    """Something about the package is wrong; :attr:`findings` say all of what is known."""

    def __init__(self, findings: Sequence[Finding]) -> None:
        super().__init__("; ".join(f"{f.place}: {f.rule} {f.message}" for f in findings))
        self.findings = tuple(findings)


class ManifestError(PackageError):
    """The manifest cannot be read; nothing else of the package was looked at."""


class ArchiveError(PackageError):
    """The file is no package, or not a safe one; nothing of it was unpacked."""


class LoadError(PackageError):
    """The package's own code could not be imported or is not what the manifest says."""


def errors_among(findings: Sequence[Finding]) -> tuple[Finding, ...]:
    """Those that keep the package out."""
    return tuple(finding for finding in findings if finding.severity is Severity.ERROR)
