"""``new``, ``check`` and ``test``: from nothing to a plugin that keeps its promises."""

import argparse
import getpass
import json
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Final

from altiplano_sdk.cli.scaffold import ScaffoldError, edited_function, write_scaffold
from altiplano_sdk.cli.screen import LINES, Screen
from altiplano_sdk.contracts.kinds import StageKind
from altiplano_sdk.manifest import PackageManifest
from altiplano_sdk.packaging.archive import open_archive
from altiplano_sdk.packaging.checking import check_package
from altiplano_sdk.packaging.findings import PackageError, Severity, errors_among
from altiplano_sdk.packaging.release_checks import Schemas
from altiplano_sdk.packaging.rulebook import RULES
from altiplano_sdk.testing.report import ConformanceReport
from altiplano_sdk.testing.text_report import write_report

_SUITE_SECONDS: Final = 900


def new(options: argparse.Namespace, screen: Screen) -> int:
    """A folder with a plugin that works, and what to do next."""
    kind = StageKind(options.kind)
    author = options.author or _person()
    try:
        folder = write_scaffold(options.name, kind, parent=Path.cwd(), author=author)
    except ScaffoldError as error:
        screen.bad(str(error))
        return 1
    package = options.name.replace("-", "_")
    screen.good(f"{folder.name}/ holds a {kind} that works.")
    screen.say(f"  {package}/__init__.py".ljust(40) + f"edit `{edited_function(kind)}`")
    screen.say(f"  tests/test_{package}.py".ljust(40) + "what no suite can know about it")
    screen.say("  altiplano-plugin.toml".ljust(40) + "what it is and what it asks for")
    screen.findings(check_package(folder), room=6)
    screen.say(f"\nNext: cd {folder.name} && altiplano-plugin test")
    return 0


def _person() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "Unknown"


def check(options: argparse.Namespace, screen: Screen) -> int:
    """What is wrong with a folder or a packed file, told without running it."""
    if options.explain:
        return _explain(options.explain, screen)
    previous: PackageManifest | None = None
    schemas: Schemas | None = None
    if options.since is not None:
        try:
            with open_archive(options.since) as archive:
                previous, schemas = archive.manifest, archive.schemas
        except (PackageError, OSError) as error:
            screen.bad(f"{options.since.name} is no packed release that can be read.")
            screen.findings(error.findings if isinstance(error, PackageError) else ())
            return 1
    if not options.package.exists():
        screen.bad(f"There is no {options.package}.")
        return 1
    found = check_package(options.package, previous=previous, previous_schemas=schemas)
    errors = errors_among(found)
    screen.findings(found)
    if errors:
        screen.bad(f"{len(errors)} to mend. `altiplano-plugin check --explain RULE` says why.")
        return 1
    warnings = f", {len(found)} to think about" if found else ""
    screen.good(f"Nothing to mend{warnings}.")
    return 0


def _explain(code: str, screen: Screen) -> int:
    # Late: a check needs no test runner.
    from altiplano_sdk.testing.rules import PROMISES

    rule, promise = RULES.get(code.upper()), PROMISES.get(code.upper())
    if promise is not None:
        screen.say(f"{promise.code}  {promise.title}. (found by the conformance suites)")
        screen.say(f"\n{_wrapped(promise.hint)}")
        return 0
    if rule is None:
        screen.bad(f"There is no rule {code}; they are ALT101 to {max(PROMISES)}.")
        return 1
    word = "error" if rule.severity is Severity.ERROR else "warning"
    screen.say(f"{rule.code}  {rule.title}. ({word})")
    screen.say(f"\n{_wrapped(rule.why)}\n{_wrapped(rule.hint)}")
    for name, example in (("Not so", rule.bad), ("But so", rule.good)):
        screen.say(f"\n{name}, in {example.file}:")
        text = "(no such file)" if example.text is None else example.text.rstrip() or "(nothing)"
        screen.say("\n".join(f"    {line}" for line in text.splitlines()[:6]))
    return 0


def _wrapped(text: str) -> str:
    return textwrap.fill(text, 96)


def test(options: argparse.Namespace, screen: Screen) -> int:
    """The static checks, the conformance suites and the author's own tests, as one report."""
    report = tested(options.folder, screen)
    if report is None:
        return 1
    if options.json:
        sys.stdout.write(f"{json.dumps(report.to_dict())}\n")
        return 0 if report.ok else 1
    show_report(report, screen)
    if report.ok:
        screen.good("It keeps its promises. Next: altiplano-plugin pack")
    else:
        screen.bad("Not yet; mend what is named above and run the test again.")
    return 0 if report.ok else 1


def show_report(report: ConformanceReport, screen: Screen) -> None:
    """The figures of a plugin that keeps its promises, or which it breaks and how to mend that."""
    lines = write_report(report).splitlines()
    if report.failed:
        screen.say("\n".join(lines[:2]))
        screen.findings(report.failed, room=LINES - 4)
    else:
        screen.say("\n".join(lines[: LINES - 2]))


def tested(folder: Path, screen: Screen) -> ConformanceReport | None:
    """The report of a folder whose static checks pass; None when something else was said."""
    found = check_package(folder)
    if errors := errors_among(found):
        screen.findings(errors)
        screen.bad(f"{len(errors)} to mend before anything can be tested.")
        return None
    command = [sys.executable, "-m", "altiplano_sdk.testing.run", str(folder), "--json"]
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=_SUITE_SECONDS, check=False
        )
        return ConformanceReport.from_json(done.stdout.splitlines()[-1])
    except subprocess.TimeoutExpired:
        screen.bad("The tests take longer than a quarter of an hour and were ended.")
    except (ValueError, IndexError):
        last = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
        screen.bad("The tests ended without a report:")
        screen.say(f"    {last}")
    return None
