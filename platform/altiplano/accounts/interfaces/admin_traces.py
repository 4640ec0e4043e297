"""The jobs behind a row of the admin dashboard, each with its attempts, times and log."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import QuerySet
from django.utils.text import capfirst

from altiplano.kernel.job_logs import LINES_PER_JOB
from altiplano.kernel.models import Job, JobLogLine
from altiplano.kernel.task_names import name_of_task

MOST_JOBS = 5


@dataclass(frozen=True, slots=True)
class JobTrace:
    """A job as its page tells it."""

    job: Job
    lines: list[JobLogLine]
    is_cut: bool

    @property
    def title(self) -> str:
        return capfirst(name_of_task(self.job.task))

    @property
    def waited(self) -> float | None:
        """Seconds until its last attempt began."""
        return _between(self.job.created_at, self.job.started_at)

    @property
    def worked(self) -> float | None:
        """Seconds from the beginning of its last attempt."""
        return _between(self.job.started_at, self.job.finished_at)


def _between(start: datetime | None, end: datetime | None) -> float | None:
    return None if start is None or end is None else (end - start).total_seconds()


def traces_of(jobs: QuerySet[Job]) -> list[JobTrace]:
    """The latest jobs first, their lines in order. Two queries."""
    latest = list(jobs.order_by("-created_at")[:MOST_JOBS])
    lines: dict[Any, list[JobLogLine]] = {job.id: [] for job in latest}
    for line in JobLogLine.objects.filter(job__in=latest).order_by("id"):
        lines[line.job_id].append(line)
    return [
        JobTrace(job, lines[job.id], is_cut=len(lines[job.id]) >= LINES_PER_JOB) for job in latest
    ]


class JobTraces:
    """For a model's page whose rows are what jobs are about."""

    def traced_jobs(self, row: Any) -> QuerySet[Job]:
        return Job.objects.filter(subject_id=row.pk)

    def more_context(self, row: Any) -> dict[str, Any]:
        return {"traces": traces_of(self.traced_jobs(row))}
