"""What the suites found out about a package, as authors, reviewers and the catalogue read it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from altiplano_sdk.contracts.kinds import StageKind
from altiplano_sdk.packaging.findings import Finding


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
        """What :meth:`to_dict` was given. Raises ValueError for anything else."""
        try:
            return cls(
                plugin=str(data["plugin"]),
                version=str(data["version"]),
                sdk=str(data["sdk"]),
                contract=int(data["contract"]),
                kinds=tuple(map(StageKind, data["kinds"])),
                passed=int(data["passed"]),
                failed=tuple(Finding.from_dict(one) for one in data["failed"]),
                skipped=tuple(Skipped(str(s["test"]), str(s["reason"])) for s in data["skipped"]),
                speed=data["speed"] and Speed(**{k: float(v) for k, v in data["speed"].items()}),
                peak_bytes=data["memory"] and int(data["memory"]["peak_bytes"]),
                effect={
                    str(name): Effect(float(one["without"]), float(one["with"]))
                    for name, one in data["effect"].items()
                },
            )
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise ValueError("not a conformance report") from error

    @classmethod
    def from_json(cls, line: str) -> "ConformanceReport":
        """What :meth:`to_json` was given. Raises ValueError for anything else."""
        data = json.loads(line)
        return cls.from_dict(data)
