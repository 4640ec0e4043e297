"""Job: background work of which the database, not the broker, is the record."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from altiplano.kernel.tenancy import IdentifiedModel


class JobState(models.TextChoices):
    QUEUED = "queued", _("queued")
    RUNNING = "running", _("running")
    DONE = "done", _("done")
    FAILED = "failed", _("failed")
    CANCELLED = "cancelled", _("cancelled")


ACTIVE_STATES = (JobState.QUEUED, JobState.RUNNING)


class Job(IdentifiedModel):
    """One piece of work on one subject.

    A worker holds it by a lease and an epoch: whoever claims raises the epoch, and every effect is
    committed only while the epoch is still the claimed one. ``queue`` and ``task`` name the code,
    ``subject_id`` the row it is about.
    """

    organization = models.ForeignKey(
        "accounts.Organization", on_delete=models.CASCADE, related_name="+"
    )
    task = models.CharField(max_length=80)
    queue = models.CharField(max_length=20)
    subject_id = models.UUIDField()
    state = models.CharField(max_length=10, choices=JobState, default=JobState.QUEUED)
    attempt = models.PositiveSmallIntegerField(default=0)
    max_attempts = models.PositiveSmallIntegerField(default=3)
    epoch = models.PositiveIntegerField(default=0)
    lease_until = models.DateTimeField(null=True)
    run_after = models.DateTimeField()
    published_at = models.DateTimeField(null=True)
    reason = models.CharField(max_length=500, blank=True)
    created_at = models.DateTimeField()
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["task", "subject_id"],
                condition=Q(state="queued"),
                name="one_queued_job_per_task_and_subject",
            ),
            models.UniqueConstraint(
                fields=["task", "subject_id"],
                condition=Q(state="running"),
                name="one_running_job_per_task_and_subject",
            ),
            models.CheckConstraint(
                condition=Q(state__in=JobState.values), name="job_state_is_known"
            ),
            models.CheckConstraint(
                condition=~Q(state="running") | Q(lease_until__isnull=False),
                name="a_running_job_has_a_lease",
            ),
        ]
        indexes = [
            models.Index(fields=["queue", "state", "run_after"], name="job_next"),
            models.Index(fields=["organization", "queue", "state"], name="job_share"),
            models.Index(fields=["subject_id", "task"], name="job_subject"),
        ]

    def __str__(self) -> str:
        return f"{self.task} {self.subject_id} ({self.state})"


class Heartbeat(models.Model):
    """When a named part last proved that it really works, written by that part itself."""

    name = models.CharField(max_length=40, primary_key=True)
    beaten_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.name} at {self.beaten_at:%Y-%m-%d %H:%M:%S}"
