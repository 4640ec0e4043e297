"""What workers logged about a job, for its page: a bounded part of their whole log.

Bounds: ``LINES_PER_JOB`` lines of a job, ``LINE_CHARS`` characters of a line, ``KEEP`` of time. A
question that is answered without trouble logs nothing, so the usual run costs no row.
"""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from django.db.models import Count
from django.utils import timezone

from altiplano.kernel.models import Job, JobLogLine

LINES_PER_JOB: Final = 200
LINE_CHARS: Final = 2000
KEEP: Final = timedelta(days=14)


@dataclass(frozen=True, slots=True)
class Line:
    """One line, with no secret in it any more. ``level`` is one of LogLevel."""

    job_id: UUID
    attempt: int
    at: datetime
    level: str
    text: str


def store_lines(lines: Sequence[Line]) -> int:
    """The lines are with their jobs, in order; how many were stored.

    Left out are those of jobs that are gone, and those over ``LINES_PER_JOB``.
    """
    by_job: dict[UUID, list[Line]] = defaultdict(list)
    for line in lines:
        by_job[line.job_id].append(line)
    there = set(Job.objects.filter(id__in=by_job).values_list("id", flat=True))
    stored = Counter(
        dict(
            JobLogLine.objects.filter(job_id__in=there)
            .order_by()
            .values_list("job_id")
            .annotate(Count("id"))
        )
    )
    rows = [
        JobLogLine(
            job_id=line.job_id,
            attempt=line.attempt,
            at=line.at,
            level=line.level,
            text=line.text[:LINE_CHARS],
        )
        for job_id in there
        for line in by_job[job_id][: max(0, LINES_PER_JOB - stored[job_id])]
    ]
    JobLogLine.objects.bulk_create(rows)
    return len(rows)


def forget_old_lines() -> int:
    """Lines older than ``KEEP`` are gone; how many went."""
    deleted, _details = JobLogLine.objects.filter(at__lt=timezone.now() - KEEP).delete()
    return deleted
