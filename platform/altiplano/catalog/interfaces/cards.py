"""A release as the pages about plugins show it."""

import math
from dataclasses import dataclass
from typing import Any

from altiplano.accounts.principal import Principal
from altiplano.catalog.measures import said_measure
from altiplano.catalog.package_models import Package, PackageRelease
from altiplano.catalog.wording import Touch, kinds_of, touches_of


def rights_of(principal: Principal) -> dict[str, bool]:
    """What the reader may do, for the tabs and buttons of the pages."""
    return {"may_write": "write" in principal.scopes, "may_manage": "manage" in principal.scopes}


@dataclass(frozen=True, slots=True)
class Figure:
    """One number of a report, with what it is."""

    name: Any
    value: float
    before: float | None = None


@dataclass(frozen=True, slots=True)
class Card:
    """A release as a row of the catalogue shows it."""

    slug: str
    title: str
    summary: str
    author: str
    licence: str
    version: str
    kinds: list[Any]
    languages: list[str]
    personal_data: bool
    touches: tuple[Touch, ...]
    users: int
    passed: int
    failed: int
    p50_ms: float | None
    p95_ms: float | None
    peak_bytes: int | None
    effect: list[Figure]


def card_of(release: PackageRelease, package: Package | None = None) -> Card:
    """Figures are those of the platform's own run of the suites."""
    manifest, report = release.manifest, release.conformance
    speed, memory = report.get("speed") or {}, report.get("memory") or {}
    return Card(
        slug=manifest["id"],
        title=manifest["title"],
        summary=manifest["summary"],
        author=manifest["author"],
        licence=manifest["licence"],
        version=release.version,
        kinds=kinds_of(manifest),
        languages=[each for each in manifest["languages"] if each != "*"],
        personal_data=manifest["personal_data"],
        touches=touches_of(manifest["grants"]),
        users=getattr(package, "users", 0),
        passed=report.get("passed", 0),
        failed=len(report.get("failed", ())),
        p50_ms=_tenths_up(speed.get("p50_ms")),
        p95_ms=_tenths_up(speed.get("p95_ms")),
        peak_bytes=memory.get("peak_bytes"),
        effect=[
            Figure(said_measure(name), each["with"], each["without"])
            for name, each in (report.get("effect") or {}).items()
        ],
    )


def _tenths_up(milliseconds: float | None) -> float | None:
    """To a tenth of a millisecond, upwards: no call takes no time."""
    return None if milliseconds is None else math.ceil(milliseconds * 10) / 10
