"""``python -m altiplano_sdk.testing.run`` reads a folder, runs its suites and reports."""

import subprocess
import sys
from pathlib import Path

import pytest

from altiplano_sdk import StageKind
from altiplano_sdk.testing.plugin import HUNG_AT_MOST
from altiplano_sdk.testing.report import ConformanceReport

MANIFEST = """
id = "sample-plugin"
version = "1.2.3"
title = "Sample"
summary = "A sample."
author = "Somebody"
licence = "Apache-2.0"
personal_data = false

{provides}

[grants]
memory_bytes = 67108864
seconds = {seconds}
"""

GUARD = """
from altiplano_sdk import GuardPoint, GuardVerdict


class Guard:
    points = (GuardPoint.ANSWER,)

    def __init__(self, config):
        self.config = config

    async def check(self, request, ctx):
        {body}
        return GuardVerdict()
"""


@pytest.fixture
def folder(tmp_path):
    """Writes a package of one guard, whose check does ``body``; returns its folder."""

    def write(body="pass", *, samples="", tests="", source=None, seconds=2):
        package = tmp_path / "sample_plugin"
        package.mkdir()
        (package / "__init__.py").write_text(source or GUARD.replace("{body}", body))
        provides = '[[provides]]\nkind = "guard"\nentry = "sample_plugin:Guard"'
        manifest = MANIFEST.replace("{provides}", provides).replace("{seconds}", str(seconds))
        (tmp_path / "altiplano-plugin.toml").write_text(manifest)
        if samples:
            (package / "conformance.toml").write_text(samples)
        if tests:
            (tmp_path / "tests").mkdir()
            (tmp_path / "tests/test_own.py").write_text(tests)
        return tmp_path

    return write


def run(directory: Path, *options: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "altiplano_sdk.testing.run", str(directory), *options],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def report_of(directory: Path, *options: str, measure: bool = False) -> ConformanceReport:
    done = run(directory, "--json", *options, *([] if measure else ["--no-measure"]))
    report = ConformanceReport.from_json(done.stdout.splitlines()[-1])
    assert done.returncode == (0 if report.ok else 1), done.stderr
    return report


def test_a_sound_package_is_measured(folder):
    report = report_of(folder(), measure=True)
    assert report.ok
    assert (report.plugin, report.version, report.kinds) == (
        "sample-plugin",
        "1.2.3",
        (StageKind.GUARD,),
    )
    assert report.passed > 30
    assert report.speed is not None
    assert report.speed.p50_ms <= report.speed.p95_ms
    assert report.peak_bytes is not None
    assert report.peak_bytes > 0
    assert report.effect["good let through (answer)"].with_plugin == 1
    assert report.effect["bad caught (answer)"].with_plugin == 0


def test_a_failure_names_line_rule_and_how_to_mend_it(folder):
    report = report_of(folder("request.answer[0]"))
    (finding,) = [one for one in report.failed if one.message.startswith("odd text")]
    assert (finding.file, finding.line) == ("sample_plugin/__init__.py", 12)
    assert finding.rule == "ALT704"
    assert "(empty): IndexError: string index out of range." in finding.message
    assert finding.hint
    assert report.speed is None


def test_a_plugin_that_hangs_fails_and_the_report_comes(folder):
    hanging = "while True:\n            pass"
    report = report_of(folder(hanging, seconds=0.1), "--kind=guard")
    assert report.passed < 10
    assert len(report.failed) == HUNG_AT_MOST
    assert {finding.line for finding in report.failed} <= {12, 13}
    assert all("HungError: took longer than" in finding.message for finding in report.failed)


def test_a_package_that_cannot_be_imported_is_reported_with_its_line(folder):
    report = report_of(folder(source="import nothing_like_this\n"))
    assert report.passed == 0
    assert [(one.file, one.line) for one in report.failed] == [("sample_plugin/__init__.py", 1)]


def test_a_folder_without_a_manifest_is_reported(tmp_path):
    report = report_of(tmp_path)
    assert not report.ok
    assert [finding.file for finding in report.failed] == ["altiplano-plugin.toml"]


def test_own_tests_run_besides_and_their_failures_are_reported(folder):
    tests = "def test_good():\n    assert True\n\n\ndef test_bad():\n    assert 1 == 2\n"
    report = report_of(folder(tests=tests))
    (finding,) = report.failed
    assert (finding.rule, finding.file, finding.line) == ("ALT714", "tests/test_own.py", 5)


def test_own_tests_that_cannot_be_read_are_no_success(folder):
    report = report_of(folder(tests="import nothing_like_this\n"))
    (finding,) = report.failed
    assert finding.file == "tests/test_own.py"
    assert "nothing_like_this" in finding.message


def test_settings_of_the_author_apply_and_those_around_the_folder_do_not(folder):
    around = folder(tests="def test_marked(known):\n    assert known\n")
    package = around / "inner"
    package.mkdir()
    for path in [path for path in around.iterdir() if path != package]:
        path.rename(package / path.name)
    (around / "pytest.ini").write_text("[pytest]\naddopts = --no-such-option\n")
    settings = '[tool.pytest.ini_options]\naddopts = "-p known_things"\n'
    (package / "pyproject.toml").write_text(settings)
    (package / "known_things.py").write_text(
        "import pytest\n\n\n@pytest.fixture\ndef known():\n    return True\n"
    )
    assert report_of(package).ok


def test_a_session_that_does_not_run_to_its_end_is_told(folder):
    package = folder(tests="def test_good():\n    assert True\n")
    (package / "tests/conftest.py").write_text(
        "def pytest_collection_modifyitems(items):\n    raise RuntimeError('no order')\n"
    )
    report = report_of(package)
    (finding,) = report.failed
    assert finding.message.startswith("The tests did not run to their end")


def test_a_stated_exception_is_in_the_report_and_a_silent_one_is_refused(folder):
    excused = (
        "[exceptions.guard]\n"
        'test_same_call_gives_the_same_result = "rolls a die"\n'
        'test_calls_at_once_do_not_mix = "rolls a die"\n'
        'test_calling_again_changes_nothing = "rolls a die"\n'
        'test_nothing_is_kept_for_another_organization = "rolls a die"\n'
        'test_verdicts_do_not_depend_on_chance = "rolls a die"\n'
    )
    rolling = "import random; return GuardVerdict(reason=str(random.random()))"
    report = report_of(folder(rolling, samples=excused))
    assert report.ok
    assert {one.reason for one in report.skipped} == {"not kept: rolls a die"}
    assert len(report.skipped) == 5


@pytest.mark.parametrize(
    "excuse", ['test_suite_is_whole = "no"', 'test_no_such = "no"', 'test_points_are_stated = " "']
)
def test_an_exception_without_a_test_or_a_reason_is_refused(folder, excuse):
    report = report_of(folder(samples=f"[exceptions.guard]\n{excuse}\n"))
    assert report.passed == 0
    assert [finding.file for finding in report.failed] == ["conformance.toml"]


def test_the_text_report_fits_a_screen(folder):
    done = run(folder("raise RuntimeError(request.answer[:9])"))
    assert done.returncode == 1
    lines = done.stdout.splitlines()
    assert len(lines) <= 24
    assert lines[0] == "sample-plugin 1.2.3 (guard)"
    assert "sample_plugin/__init__.py:12: ALT7" in done.stdout


def test_an_unpacked_release_is_tested_as_its_folder_is(folder, tmp_path_factory):
    from altiplano_sdk.packaging.reading import read_manifest

    source = folder()
    unpacked = tmp_path_factory.mktemp("unpacked")
    (unpacked / "code").mkdir()
    (source / "sample_plugin").rename(unpacked / "code/sample_plugin")
    (unpacked / "manifest.json").write_text(read_manifest(source).model_dump_json())
    report = report_of(unpacked)
    assert report.ok
    assert report.passed > 30


def test_plain_pytest_in_the_folder_runs_the_suites_of_this_folder_only(folder):
    source = folder()
    below = source / "elsewhere"
    below.mkdir()
    (below / "altiplano-plugin.toml").write_text("nothing of this is read")
    (source / "pytest.ini").write_text("[pytest]\n")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "altiplano_sdk.testing.plugin", "-q", "."],
        cwd=source,
        capture_output=True,
        text=True,
        check=False,
        env={"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PATH": ""},
    )
    assert done.returncode == 0, done.stdout
    assert " passed" in done.stdout
