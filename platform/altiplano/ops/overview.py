"""The figures behind the four questions of the overview, in a number of queries that never grows."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final

from asgiref.sync import async_to_sync
from django.core.cache import caches
from django.db.models import Count, Min, Q, Sum
from django.utils import timezone

from altiplano.accounts.interfaces.admin_decisions import Decision, open_decisions
from altiplano.accounts.models import Organization
from altiplano.catalog.domain.quarantine import quarantines_now
from altiplano.catalog.quarantine_models import Quarantine
from altiplano.kernel.models import ACTIVE_STATES, Job, JobState, QueueHold
from altiplano.knowledge.models import DocumentVersion
from altiplano.ops.health import QUEUES, Readiness, check_readiness
from altiplano.ops.job_operations import can_retry, unsolved_failures
from altiplano.ops.sandboxes import SandboxState, read_sandboxes
from altiplano.ops.speed import Speed, read_speed
from altiplano.runs.models import DailyUsage

READINESS_KEY: Final = "altiplano.overview.readiness"
READINESS_SECONDS: Final = 4
"""However many operators look, the engine is asked this often by each process."""
SHOWN_FAILURES: Final = 10
SHOWN_ORGANIZATIONS: Final = 10
SHOWN_RESTING: Final = 10
DAYS: Final = 14


@dataclass(frozen=True, slots=True)
class Failure:
    job: Job
    can_retry: bool


@dataclass(frozen=True, slots=True)
class QueueState:
    """``hold`` is None for a queue that is handed out."""

    name: str
    waiting: int
    running: int
    oldest: timedelta | None
    hold: QueueHold | None


@dataclass(frozen=True, slots=True)
class Waiting:
    organization: Organization
    waiting: int
    running: int
    oldest: timedelta | None


@dataclass(frozen=True, slots=True)
class Day:
    day: date
    answers: int
    tokens: int


@dataclass(frozen=True, slots=True)
class Stored:
    organization: Organization
    bytes: int


@dataclass(frozen=True, slots=True)
class Overview:
    readiness: Readiness
    sandboxes: list[SandboxState]
    resting: list[Quarantine]
    failures: list[Failure]
    failure_count: int
    queues: list[QueueState]
    waiting: list[Waiting]
    days: list[Day]
    speed: Speed
    stored: list[Stored]
    decisions: list[Decision]
    seen_at: datetime


def read_overview() -> Overview:
    """Everything as it is now; of the parts' health as it was seconds ago."""
    now = timezone.now()
    failures = unsolved_failures()
    shown = failures.select_related("organization")[:SHOWN_FAILURES]
    return Overview(
        readiness=read_readiness(),
        sandboxes=read_sandboxes(),
        resting=list(quarantines_now()[:SHOWN_RESTING]),
        failures=[Failure(job, can_retry(job)) for job in shown],
        failure_count=failures.count(),
        queues=read_queues(now),
        waiting=read_waiting(now),
        days=read_days(now.date()),
        speed=read_speed(),
        stored=read_stored(),
        decisions=open_decisions(),
        seen_at=now,
    )


def read_readiness() -> Readiness:
    """The health of every part, asked at most every few seconds."""
    known: Readiness | None = caches["near"].get(READINESS_KEY)
    if known is None:
        known = async_to_sync(check_readiness)()
        caches["near"].set(READINESS_KEY, known, READINESS_SECONDS)
    return known


def read_queues(now: datetime) -> list[QueueState]:
    """Every queue that is known, busy or held, with the age of what waits longest."""
    rows = {row["queue"]: row for row in _count_jobs("queue")}
    holds = {hold.queue: hold for hold in QueueHold.objects.all()}
    names = [*QUEUES, *sorted({*rows, *holds} - set(QUEUES))]
    empty: dict[str, Any] = {"waiting": 0, "running": 0, "oldest_at": None}
    return [
        QueueState(
            name=name,
            waiting=row["waiting"],
            running=row["running"],
            oldest=_age(row["oldest_at"], now),
            hold=holds.get(name),
        )
        for name in names
        for row in [rows.get(name, empty)]
    ]


def read_waiting(now: datetime) -> list[Waiting]:
    """The organizations with the most work that waits."""
    rows = list(
        _count_jobs("organization_id").order_by("-waiting", "oldest_at")[:SHOWN_ORGANIZATIONS]
    )
    names = Organization.objects.in_bulk([row["organization_id"] for row in rows])
    return [
        Waiting(
            organization=names[row["organization_id"]],
            waiting=row["waiting"],
            running=row["running"],
            oldest=_age(row["oldest_at"], now),
        )
        for row in rows
    ]


def _count_jobs(by: str) -> Any:
    """Rows with ``by``, ``waiting``, ``running`` and ``oldest_at`` of what is not over."""
    queued = Q(state=JobState.QUEUED)
    return (
        Job.objects.filter(state__in=ACTIVE_STATES)
        .order_by()
        .values(by)
        .annotate(
            waiting=Count("id", filter=queued),
            running=Count("id", filter=Q(state=JobState.RUNNING)),
            oldest_at=Min("created_at", filter=queued),
        )
    )


def _age(since: datetime | None, now: datetime) -> timedelta | None:
    if since is None:
        return None
    return timedelta(seconds=max(0, int((now - since).total_seconds())))


def read_days(today: date) -> list[Day]:
    """The last days (UTC) without a gap, the oldest first."""
    first = today - timedelta(days=DAYS - 1)
    rows = {
        row["day"]: row
        for row in DailyUsage.unscoped.filter(day__gte=first)
        .order_by()
        .values("day")
        .annotate(
            answers=Sum("runs"), prompt=Sum("prompt_tokens"), completion=Sum("completion_tokens")
        )
    }
    days = [first + timedelta(days=number) for number in range(DAYS)]
    return [
        Day(day, row["answers"], row["prompt"] + row["completion"])
        if (row := rows.get(day))
        else Day(day, 0, 0)
        for day in days
    ]


def read_stored() -> list[Stored]:
    """The organizations that keep the most."""
    rows = list(
        DocumentVersion.unscoped.order_by()
        .values_list("organization_id")
        .annotate(total=Sum("bytes"))
        .order_by("-total")[:SHOWN_ORGANIZATIONS]
    )
    names = Organization.objects.in_bulk([organization_id for organization_id, _ in rows])
    return [Stored(names[organization_id], total or 0) for organization_id, total in rows]
