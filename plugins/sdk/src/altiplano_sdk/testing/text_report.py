"""The report as its author reads it in a terminal: at most one screen."""

from typing import Final

from altiplano_sdk.testing.report import ConformanceReport

FINDINGS_AT_MOST: Final = 5
SKIPPED_AT_MOST: Final = 3


def write_report(report: ConformanceReport) -> str:
    """At most 24 lines."""
    kinds = ", ".join(report.kinds) or "no kind"
    lines = [f"{report.plugin} {report.version} ({kinds})"]
    lines.append(
        f"{report.passed} passed, {len(report.failed)} failed, {len(report.skipped)} skipped"
    )
    for finding in report.failed[:FINDINGS_AT_MOST]:
        lines.append(f"{finding.place}: {finding.rule} {finding.message}")
        lines.append(f"    {finding.hint}")
    if len(report.failed) > FINDINGS_AT_MOST:
        lines.append(f"... and {len(report.failed) - FINDINGS_AT_MOST} more")
    reasons = list(dict.fromkeys(one.reason for one in report.skipped))
    lines += [f"skipped: {reason}" for reason in reasons[:SKIPPED_AT_MOST]]
    if report.speed is not None:
        speed = report.speed
        lines.append(
            f"speed: {speed.calls_per_s:,.0f} calls/s, median {speed.p50_ms:.2f} ms, "
            f"95 % within {speed.p95_ms:.2f} ms"
        )
    if report.peak_bytes is not None:
        lines.append(f"memory: {report.peak_bytes / 1024 / 1024:.1f} MiB at most")
    lines += [
        f"effect: {name}: {one.without:.2f} without, {one.with_plugin:.2f} with"
        for name, one in list(report.effect.items())[:5]
    ]
    # Whatever a plugin said, it says it in one line.
    return "\n".join(
        f"{'    ' if at.startswith('    ') else ''}{' '.join(at.split())}" for at in lines
    )
