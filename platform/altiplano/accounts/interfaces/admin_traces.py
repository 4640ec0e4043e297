"""The jobs behind a row of the admin dashboard, each with its attempts, times and log."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.contrib.admin.utils import unquote
from django.db.models import QuerySet
from django.http import HttpRequest

from altiplano.kernel.job_logs import LINES_PER_JOB
from altiplano.kernel.models import Job, JobLogLine

MOST_JOBS = 5


@dataclass(frozen=True, slots=True)
class JobTrace:
    """A job as its page tells it."""

    job: Job
    lines: list[JobLogLine]
    is_cut: bool

    @property
    def waited(self) -> timedelta | None:
        """Until its last attempt began."""
        return _between(self.job.created_at, self.job.started_at)

    @property
    def worked(self) -> timedelta | None:
        """From the beginning of its last attempt."""
        return _between(self.job.started_at, self.job.finished_at)


def _between(start: datetime | None, end: datetime | None) -> timedelta | None:
    if start is None or end is None:
        return None
    return timedelta(seconds=round((end - start).total_seconds(), 1))


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

    change_form_outer_after_template = "accounts/admin/traces.html"

    def traced_jobs(self, row: Any) -> QuerySet[Job]:
        return Job.objects.filter(subject_id=row.pk)

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> Any:
        row = self.get_object(request, unquote(object_id)) if object_id else None  # type: ignore[attr-defined]
        context = dict(extra_context or {})
        if row is not None:
            context["traces"] = traces_of(self.traced_jobs(row))
        return super().changeform_view(request, object_id, form_url, context)  # type: ignore[misc]
