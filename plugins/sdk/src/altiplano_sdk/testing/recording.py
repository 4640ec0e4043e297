"""Listens to a test session and turns its outcomes into what the report holds."""

from collections.abc import Generator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import pytest

from altiplano_sdk.contracts.kinds import StageKind
from altiplano_sdk.packaging.findings import Finding, Severity
from altiplano_sdk.testing.base import ConformanceSuite
from altiplano_sdk.testing.package import OpenedPackage
from altiplano_sdk.testing.report import Skipped
from altiplano_sdk.testing.rules import OWN_TEST, Promise, promise_of

MESSAGE_AT_MOST: Final = 300


@dataclass(slots=True)
class Recorder:
    """A pytest plugin for one session about ``package``."""

    package: OpenedPackage
    passed: int = 0
    failed: list[Finding] = field(default_factory=list)
    skipped: list[Skipped] = field(default_factory=list)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        report = yield
        if report.failed:
            self.failed.append(self._finding(item, call, report))
        elif report.skipped:
            self.skipped.append(Skipped(_name(item), _reason(report)))
        elif report.when == "call":
            self.passed += 1
        return report

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """A test file that cannot be read is no test that passed."""
        if report.failed:
            message = str(report.longrepr).strip().splitlines()[-1][:MESSAGE_AT_MOST]
            name = report.nodeid.partition("::")[0]
            self.failed.append(_complain(OWN_TEST, file=name, line=0, message=message))

    def _finding(
        self, item: pytest.Item, call: pytest.CallInfo[None], report: pytest.TestReport
    ) -> Finding:
        suite = getattr(item, "cls", None)
        if not (isinstance(suite, type) and issubclass(suite, ConformanceSuite)):
            file, line, _ = item.location
            return _complain(
                OWN_TEST, file=file, line=(line or 0) + 1, message=_message(item, call)
            )
        file, line = self._place(call, suite.kind)
        promise = promise_of(getattr(item, "function", None))
        return _complain(promise, file=file, line=line, message=_message(item, call))

    def _place(self, call: pytest.CallInfo[None], kind: StageKind) -> tuple[str, int]:
        """The deepest line of the package's own code; else where its class begins."""
        file, line = self.package.file_of(kind), 0
        for entry in call.excinfo.traceback if call.excinfo is not None else ():
            path = Path(str(entry.path))
            if path.is_relative_to(self.package.code):
                file, line = path.relative_to(self.package.code).as_posix(), entry.lineno + 1
        return file, line or _line_of_class(self.package, kind)


def _complain(promise: Promise, *, file: str, line: int, message: str) -> Finding:
    return Finding(promise.code, Severity.ERROR, file, line, message, promise.hint)


def _message(item: pytest.Item, call: pytest.CallInfo[None]) -> str:
    """The test in words, and what it met."""
    error = call.excinfo.value if call.excinfo is not None else None
    said = " ".join(str(error).split("\nassert ")[0].split())[:MESSAGE_AT_MOST].rstrip(".")
    kind = "" if isinstance(error, AssertionError) else f"{type(error).__name__}: "
    return f"{_name(item)}: {kind}{said}."


def _name(item: pytest.Item) -> str:
    """``test_odd_text_is_answered[empty]`` as ``odd text is answered (empty)``."""
    words = item.name.removeprefix("test_").replace("_", " ")
    return words.replace("[", " (").replace("]", ")")


def _reason(report: pytest.TestReport) -> str:
    stated = getattr(report, "wasxfail", None)
    if stated is not None:
        return f"not kept: {str(stated).removeprefix('reason: ')}"
    where: Any = report.longrepr
    reason = where[2] if isinstance(where, tuple) else str(where)
    return reason.removeprefix("Skipped: ")


def _line_of_class(package: OpenedPackage, kind: StageKind) -> int:
    name = package.manifest.entry_of(kind).partition(":")[2]
    source = (package.code / package.file_of(kind)).read_text(encoding="utf-8").splitlines()
    starts = (at for at, line in enumerate(source, start=1) if line.startswith(f"class {name}"))
    return next(starts, 0)
