"""What the suites found out about a package, as authors, reviewers and the catalogue read it."""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from altiplano_sdk.contracts.kinds import StageKind
from altiplano_sdk.packaging.findings import Finding

MOST_ITEMS: Final = 1_000
LONGEST_TEXT: Final = 4_000
LONGEST_JSON: Final = 2_000_000
"""More findings, words or characters no report of the suites has."""


@dataclass(frozen=True, slots=True)
class Skipped:
    """A test that did not count, and why: not for this plugin, or a promise that is not kept."""

    test: str
    reason: str


@dataclass(frozen=True, slots=True)
class Speed:
    """One usual call after another with stub capabilities, on the machine of the report."""

    calls_per_s: float
    p50_ms: float
    p95_ms: float


@dataclass(frozen=True, slots=True)
class Effect:
    """One measure on the reference set, in 0..1 or a count, without the plugin and with it."""

    without: float
    with_plugin: float


@dataclass(frozen=True, slots=True)
class ConformanceReport:
    """``speed`` and ``peak_bytes`` are those of the slowest and of the largest kind.

    ``peak_bytes`` counts what Python allocated during a usual and a huge call; what native
    libraries hold is not in it.
    """

    plugin: str
    version: str
    sdk: str
    contract: int
    kinds: tuple[StageKind, ...]
    passed: int = 0
    failed: tuple[Finding, ...] = ()
    skipped: tuple[Skipped, ...] = ()
    speed: Speed | None = None
    peak_bytes: int | None = None
    effect: Mapping[str, Effect] = field(default_factory=dict)

    @property
    def ok(self) -> bool:
        """Something was tested, and nothing failed."""
        return self.passed > 0 and not self.failed

    def to_dict(self) -> dict[str, Any]:
        """Ready for JSON."""
        speed = self.speed
        return {
            "plugin": self.plugin,
            "version": self.version,
            "sdk": self.sdk,
            "contract": self.contract,
            "kinds": [str(kind) for kind in self.kinds],
            "passed": self.passed,
            "failed": [finding.to_dict() for finding in self.failed],
            "skipped": [{"test": one.test, "reason": one.reason} for one in self.skipped],
            "speed": speed
            and {"calls_per_s": speed.calls_per_s, "p50_ms": speed.p50_ms, "p95_ms": speed.p95_ms},
            "memory": None if self.peak_bytes is None else {"peak_bytes": self.peak_bytes},
            "effect": {
                name: {"without": one.without, "with": one.with_plugin}
                for name, one in self.effect.items()
            },
        }

    def to_json(self) -> str:
        """One line."""
        return json.dumps(self.to_dict(), ensure_ascii=False, allow_nan=False)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> "ConformanceReport":
        """What :meth:`to_dict` was given.

        Raises ValueError for anything else, and for more than a report ever holds: it comes from a
        process in which the plugin ran, and may be of the plugin's making.
        """
        try:
            return _read(data)
        except (AttributeError, KeyError, OverflowError, TypeError, ValueError) as error:
            raise ValueError("not a conformance report") from error

    @classmethod
    def from_json(cls, line: str) -> "ConformanceReport":
        """As :meth:`from_dict`, of what :meth:`to_json` gave."""
        if len(line) > LONGEST_JSON:
            raise ValueError("not a conformance report: it is too long")
        try:
            data = json.loads(line)
        except (RecursionError, ValueError) as error:
            raise ValueError("not a conformance report") from error
        return cls.from_dict(data)


def _read(data: Mapping[str, Any]) -> ConformanceReport:
    speed, memory = data["speed"], data["memory"]
    return ConformanceReport(
        plugin=_text(data["plugin"]),
        version=_text(data["version"]),
        sdk=_text(data["sdk"]),
        contract=_count(data["contract"]),
        kinds=tuple(map(StageKind, data["kinds"])),
        passed=_count(data["passed"]),
        failed=tuple(_finding(one) for one in _few(data["failed"])),
        skipped=tuple(Skipped(_text(s["test"]), _text(s["reason"])) for s in _few(data["skipped"])),
        speed=speed and Speed(**{name: _number(value) for name, value in speed.items()}),
        peak_bytes=memory and _count(memory["peak_bytes"]),
        effect={
            _text(name): Effect(_number(one["without"]), _number(one["with"]))
            for name, one in _few(data["effect"].items())
        },
    )


def _finding(data: Mapping[str, Any]) -> Finding:
    for name in ("rule", "file", "message", "hint"):
        _text(data[name])
    _count(data["line"])
    return Finding.from_dict(dict(data))


def _few(items: Any) -> list[Any]:
    listed = list(items)
    if len(listed) > MOST_ITEMS:
        raise ValueError("too many")
    return listed


def _text(value: Any) -> str:
    if not isinstance(value, str) or len(value) > LONGEST_TEXT:
        raise ValueError("no text, or too long")
    return value


def _number(value: Any) -> float:
    number = float(value)
    if isinstance(value, str) or not math.isfinite(number):
        raise ValueError("no number")
    return number


def _count(value: Any) -> int:
    if type(value) is not int or not 0 <= value < 2**63:
        raise ValueError("no count")
    return value
