"""What the workers found when they tried the doors of their own sandbox, for the overview."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from django.utils import timezone

from altiplano.ops.models import SandboxReport

KEPT: Final = timedelta(days=90)
"""A worker tries its doors whenever it starts; a machine that is silent for longer is gone."""


@dataclass(frozen=True, slots=True)
class SandboxState:
    """``open_doors`` name what a plugin could get through; ``problem`` says what kept from trying."""

    machine: str
    level: str
    open_doors: tuple[str, ...]
    problem: str
    checked_at: datetime

    @property
    def is_closed(self) -> bool:
        return bool(self.level) and not self.open_doors and not self.problem


def store_sandbox_report(machine: str, status: Mapping[str, Any]) -> None:
    """The overview shows ``status`` for the machine; reports of machines long gone are removed."""
    now = timezone.now()
    values = {"status": dict(status), "checked_at": now}
    SandboxReport.objects.update_or_create(machine=machine[:120], defaults=values)
    SandboxReport.objects.filter(checked_at__lt=now - KEPT).delete()


def read_sandboxes() -> list[SandboxState]:
    """One state per machine that runs plugins, in one query."""
    return [_state(report) for report in SandboxReport.objects.order_by("machine")[:20]]


def _state(report: SandboxReport) -> SandboxState:
    status = report.status
    return SandboxState(
        machine=report.machine,
        level=str(status.get("level") or ""),
        open_doors=tuple(
            str(door["name"]) for door in status.get("doors", ()) if not door["closed"]
        ),
        problem=str(status.get("problem", "")),
        checked_at=report.checked_at,
    )
