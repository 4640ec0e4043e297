"""``python -m altiplano_sdk.testing.run DIR``: all of the suites, and a report about them."""

import argparse
import contextlib
import io
import os
import sys
import tempfile
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

import pytest

from altiplano_sdk import CONTRACT_VERSION, StageKind
from altiplano_sdk.packaging.findings import Finding, PackageError, Severity
from altiplano_sdk.testing import plugin as pytest_plugin
from altiplano_sdk.testing.generated import suites_of
from altiplano_sdk.testing.measuring import Measured, measure_suites
from altiplano_sdk.testing.package import UNPACKED_NAME, OpenedPackage, open_package
from altiplano_sdk.testing.plugin import ended_within
from altiplano_sdk.testing.recording import Recorder
from altiplano_sdk.testing.report import ConformanceReport
from altiplano_sdk.testing.rules import BUDGETS, CONTRACT, MEASURING, OWN_TEST, Promise
from altiplano_sdk.testing.samples import SAMPLES_NAME, SamplesError
from altiplano_sdk.testing.text_report import write_report

MEASURING_SECONDS: Final = 120.0
_AUTOLOAD: Final = "PYTEST_DISABLE_PLUGIN_AUTOLOAD"
Tell = Callable[[int, int], None]
"""Told after each check how many are done, and of how many."""


class _Progress:
    """A plugin of pytest that says how far it is."""

    def __init__(self, tell: Tell) -> None:
        self._tell = tell
        self._done = self._total = 0

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        self._total = len(session.items)
        self._tell(0, self._total)

    def pytest_runtest_logfinish(self) -> None:
        self._done += 1
        self._tell(self._done, self._total)


def run_suites(
    directory: Path,
    *,
    kinds: Collection[StageKind] | None = None,
    measure: bool = True,
    tell: Tell | None = None,
) -> ConformanceReport:
    """The report about the package in an author's folder or an unpacked release.

    Runs the package's code in this process, and in a folder the author's own tests too. Never
    raises for what is wrong with the package: that is in the report.
    """
    try:
        package = open_package(directory)
        suites = suites_of(package, kinds)
    except PackageError as error:
        return _unreadable(directory, error.findings)
    except SamplesError as error:
        hint = "See altiplano_sdk.testing.samples for what the file may hold."
        return _unreadable(
            directory,
            (Finding(CONTRACT.code, Severity.ERROR, SAMPLES_NAME, 0, f"{error}.", hint),),
        )
    recorder = Recorder(package)
    problem = _run_pytest(package, [recorder, *([_Progress(tell)] if tell else [])], kinds)
    if problem and not recorder.failed:
        recorder.failed.append(_complain(package, OWN_TEST, problem))
    manifest, failed, measured = package.manifest, list(recorder.failed), Measured()
    if measure and not failed:
        try:
            with ended_within(MEASURING_SECONDS):
                measured = measure_suites(suites)
        # Whatever the plugin raises here belongs into its report.
        except Exception as error:  # noqa: BLE001
            message = f"{type(error).__name__}: {' '.join(str(error).split())[:200]}."
            failed.append(_complain(package, MEASURING, message))
    if (measured.peak_bytes or 0) > manifest.grants.memory_bytes:
        message = (
            f"Python alone took {measured.peak_bytes:,} bytes in a huge call; the manifest asks "
            f"for {manifest.grants.memory_bytes:,}."
        )
        failed.append(_complain(package, BUDGETS, message))
    return ConformanceReport(
        plugin=manifest.id,
        version=manifest.version,
        sdk=_sdk_version(),
        contract=manifest.contract,
        kinds=tuple(suites),
        passed=recorder.passed,
        failed=tuple(failed),
        skipped=tuple(recorder.skipped),
        speed=measured.speed,
        peak_bytes=measured.peak_bytes,
        effect=measured.effect,
    )


def _run_pytest(
    package: OpenedPackage, listeners: list[object], kinds: Collection[StageKind] | None
) -> str:
    """The listeners heard all outcomes; returns why there may be some missing, mostly nothing."""
    targets = [str(package.manifest_path)]
    unpacked = package.manifest_path.name == UNPACKED_NAME
    own = package.directory / "tests"
    if own.is_dir() and not unpacked:
        targets.append(str(own))
    with tempfile.TemporaryDirectory() as scratch:
        options = [
            *targets,
            f"--rootdir={package.directory}",
            f"--confcutdir={package.directory}",
            f"--basetemp={scratch}/work",
            "-c",
            str(_settings_of(package, Path(scratch))),
            "--import-mode=importlib",
            "-q",
            "-p",
            "no:cacheprovider",
            *(f"--altiplano-kind={kind}" for kind in kinds or ()),
        ]
        if os.environ.get(_AUTOLOAD) or unpacked:
            plugins = [*listeners, pytest_plugin]
            environment = {_AUTOLOAD: "1"}
        else:
            plugins = [*listeners, *([] if _is_installed() else [pytest_plugin])]
            environment = {}
        said = io.StringIO()
        with (
            _environment(environment),
            contextlib.redirect_stdout(said),
            contextlib.redirect_stderr(said),
        ):
            code = pytest.main(options, plugins=plugins)
    if code in {pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED}:
        return ""
    last = next((line for line in reversed(said.getvalue().splitlines()) if line.strip()), "")
    return f"The tests did not run to their end: {last.strip()[:200].rstrip('.')}."


def _settings_of(package: OpenedPackage, scratch: Path) -> Path:
    """The author's settings for pytest, else none: not those of a project around the folder."""
    own = package.directory / "pytest.ini"
    project = package.directory / "pyproject.toml"
    if own.is_file():
        return own
    if project.is_file() and "[tool.pytest" in project.read_text(encoding="utf-8"):
        return project
    empty = scratch / "pytest.ini"
    empty.write_text("[pytest]\n", encoding="utf-8")
    return empty


def _is_installed() -> bool:
    """Whether pytest finds the plugin by itself, through its entry point."""
    from importlib.metadata import entry_points

    return any(one.value == pytest_plugin.__name__ for one in entry_points(group="pytest11"))


@contextlib.contextmanager
def _environment(values: Mapping[str, str]) -> Iterator[None]:
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def _complain(package: OpenedPackage, promise: Promise, message: str) -> Finding:
    file = package.file_of(package.manifest.provides[0].kind)
    return Finding(promise.code, Severity.ERROR, file, 0, message, promise.hint)


def _unreadable(directory: Path, findings: Sequence[Finding]) -> ConformanceReport:
    return ConformanceReport(
        plugin=directory.resolve().name,
        version="",
        sdk=_sdk_version(),
        contract=CONTRACT_VERSION,
        kinds=(),
        failed=tuple(findings),
    )


def _sdk_version() -> str:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("altiplano-sdk")
    except PackageNotFoundError:  # in a sandbox the SDK is a folder without metadata
        return ""


def main(arguments: Sequence[str] | None = None) -> int:
    """0 when the package keeps its promises, 1 when it does not."""
    parser = argparse.ArgumentParser(prog="python -m altiplano_sdk.testing.run")
    parser.add_argument("directory", type=Path, help="a plugin's folder, or an unpacked release")
    parser.add_argument("--kind", action="append", type=StageKind, choices=list(StageKind))
    parser.add_argument("--json", action="store_true", help="the report as the last line")
    parser.add_argument("--no-measure", action="store_true", help="leave out speed and effect")
    options = parser.parse_args(arguments)
    report = run_suites(options.directory, kinds=options.kind, measure=not options.no_measure)
    sys.stdout.write(f"{report.to_json() if options.json else write_report(report)}\n")
    return 0 if report.ok else 1


if __name__ == "__main__":
    sys.exit(main())
