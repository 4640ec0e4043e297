"""Reports travel as JSON from a sandbox to the catalogue and keep to one screen in a terminal."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from altiplano_sdk import StageKind
from altiplano_sdk.packaging.findings import Finding, Severity
from altiplano_sdk.testing.report import ConformanceReport, Effect, Skipped, Speed
from altiplano_sdk.testing.text_report import write_report

NUMBERS = st.floats(min_value=0, max_value=1e9)
TEXTS = st.text(alphabet=st.characters(codec="utf-8"), max_size=80)
FINDINGS = st.builds(
    Finding,
    rule=st.sampled_from(["ALT700", "ALT704"]),
    severity=st.sampled_from(Severity),
    file=TEXTS,
    line=st.integers(0, 10_000),
    message=TEXTS,
    hint=TEXTS,
)
REPORTS = st.builds(
    ConformanceReport,
    plugin=TEXTS,
    version=TEXTS,
    sdk=TEXTS,
    contract=st.integers(1, 9),
    kinds=st.lists(st.sampled_from(StageKind), unique=True).map(tuple),
    passed=st.integers(0, 500),
    failed=st.lists(FINDINGS, max_size=30).map(tuple),
    skipped=st.lists(st.builds(Skipped, test=TEXTS, reason=TEXTS), max_size=30).map(tuple),
    speed=st.none() | st.builds(Speed, NUMBERS, NUMBERS, NUMBERS),
    peak_bytes=st.none() | st.integers(0, 2**40),
    effect=st.dictionaries(TEXTS, st.builds(Effect, NUMBERS, NUMBERS), max_size=30),
)


@given(REPORTS)
def test_a_report_comes_back_as_it_was_from_one_line(report):
    line = report.to_json()
    assert "\n" not in line
    assert ConformanceReport.from_json(line) == report


@given(REPORTS)
def test_a_report_fits_a_screen_whatever_it_says(report):
    assert len(write_report(report).splitlines()) <= 24


def test_the_json_has_the_fields_that_the_catalogue_reads():
    report = ConformanceReport(
        "p", "1.0.0", "0.1.0", 1, (StageKind.GUARD,), 3,
        speed=Speed(10, 1, 2), peak_bytes=5, effect={"m": Effect(0, 1)},
    )  # fmt: skip
    assert json.loads(report.to_json()) == {
        "plugin": "p",
        "version": "1.0.0",
        "sdk": "0.1.0",
        "contract": 1,
        "kinds": ["guard"],
        "passed": 3,
        "failed": [],
        "skipped": [],
        "speed": {"calls_per_s": 10, "p50_ms": 1, "p95_ms": 2},
        "memory": {"peak_bytes": 5},
        "effect": {"m": {"without": 0, "with": 1}},
    }


@pytest.mark.parametrize("line", ["", "[]", "{}", '"x"', '{"plugin": "p"}', "null"])
def test_anything_else_is_no_report(line):
    with pytest.raises(ValueError, match=r"report|Expecting"):
        ConformanceReport.from_json(line)


SOUND = ConformanceReport("p", "1.0.0", "0.1.0", 1, (StageKind.GUARD,), 3)


@pytest.mark.parametrize(
    "change",
    [
        {"plugin": "x" * 5_000},
        {"passed": -1},
        {"passed": True},
        {"passed": "3"},
        {"passed": 1e300},
        {"kinds": ["root"]},
        {"speed": {"calls_per_s": float("nan"), "p50_ms": 1, "p95_ms": 1}},
        {"speed": {"calls_per_s": 1}},
        {"speed": {"calls_per_s": "1", "p50_ms": 1, "p95_ms": 1}},
        {"memory": {"peak_bytes": float("inf")}},
        {"effect": {"m": {"without": 0, "with": float("inf")}}},
        {"effect": {str(n): {"without": 0, "with": 0} for n in range(2_000)}},
        {"failed": [{}] * 3},
        {
            "failed": [
                {"rule": 1, "severity": "error", "file": "", "line": 0, "message": "", "hint": ""}
            ]
        },
        {"skipped": [{"test": "t", "reason": "r"}] * 2_000},
        {"skipped": 5},
    ],
    ids=range(16),
)
def test_what_a_plugin_could_forge_beyond_bounds_is_no_report(change):
    with pytest.raises(ValueError, match="not a conformance report"):
        ConformanceReport.from_json(json.dumps({**SOUND.to_dict(), **change}))


@pytest.mark.parametrize("line", ["[" * 100_000, " " * 3_000_000 + SOUND.to_json()])
def test_depth_and_length_are_bounded(line):
    with pytest.raises(ValueError, match="not a conformance report"):
        ConformanceReport.from_json(line)


def test_nothing_tested_is_no_success():
    assert not ConformanceReport("p", "", "", 1, ()).ok
