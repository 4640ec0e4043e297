"""Job: background work of which the database, not the broker, is the record."""

from django.db import models
from django.db.models import Q
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _

from altiplano.kernel.task_names import name_of_task
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
    ``subject_id`` the row it is about. ``trace_parent`` (W3C) ties a traced job to its request.
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
    trace_parent = models.CharField(max_length=55, blank=True)
    created_at = models.DateTimeField()
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("job")
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
        return f"{capfirst(name_of_task(self.task))} {self.subject_id} ({self.get_state_display()})"


class Heartbeat(models.Model):
    """When a named part last proved that it really works, written by that part itself."""

    name = models.CharField(max_length=40, primary_key=True)
    beaten_at = models.DateTimeField()

    class Meta:
        verbose_name = _("heartbeat")

    def __str__(self) -> str:
        return f"{self.name}, {self.beaten_at:%Y-%m-%d %H:%M:%S}"


class HoldMode(models.TextChoices):
    """Either way, what runs already goes on to its end."""

    PAUSED = "paused", _("paused: nothing is handed out")
    DRAINING = "draining", _("draining: only what waited before is handed out")


class QueueHold(models.Model):
    """An operator keeps the workers from a queue; without a row it is open."""

    queue = models.CharField(_("queue"), max_length=20, primary_key=True)
    mode = models.CharField(_("mode"), max_length=8, choices=HoldMode)
    since = models.DateTimeField(_("since"))
    held_by = models.CharField(_("held by"), max_length=254)
    reason = models.CharField(_("reason"), max_length=300)

    class Meta:
        verbose_name = _("queue hold")
        constraints = [
            models.CheckConstraint(condition=Q(mode__in=HoldMode.values), name="hold_mode_is_known")
        ]

    def __str__(self) -> str:
        return f"{self.queue} ({self.get_mode_display()})"


class LogLevel(models.TextChoices):
    INFO = "info", _("info")
    WARNING = "warning", _("warning")
    ERROR = "error", _("error")


class JobLogLine(models.Model):
    """What a worker logged while it held a job; secrets are hidden before it comes here.

    Bounded: see ``kernel.job_logs``. ``attempt`` 0 is of a worker that did not know it.
    """

    id = models.BigAutoField(primary_key=True)
    job = models.ForeignKey(Job, on_delete=models.CASCADE, related_name="log_lines")
    attempt = models.PositiveSmallIntegerField(default=0)
    at = models.DateTimeField()
    level = models.CharField(max_length=7, choices=LogLevel)
    text = models.CharField(max_length=2000)

    class Meta:
        verbose_name = _("log line")
        indexes = [
            models.Index(fields=["job", "id"], name="log_of_job"),
            models.Index(fields=["at"], name="log_by_age"),
        ]

    def __str__(self) -> str:
        return self.text[:80]


class OrganizationLimits(models.Model):
    """What one organization may use; an empty limit, and no row at all, mean the platform's own."""

    organization = models.OneToOneField(
        "accounts.Organization", primary_key=True, on_delete=models.CASCADE, related_name="limits"
    )
    runs_per_day = models.PositiveIntegerField(_("questions a day"), null=True, blank=True)
    storage_bytes = models.PositiveBigIntegerField(_("storage in bytes"), null=True, blank=True)
    streams = models.PositiveIntegerField(_("answers open at once"), null=True, blank=True)
    allows_api = models.BooleanField(_("may use API keys"), default=True)
    allows_public_apps = models.BooleanField(_("may offer apps to the public"), default=True)

    class Meta:
        verbose_name = _("limits of an organization")
        verbose_name_plural = _("limits of organizations")
        constraints = [
            models.CheckConstraint(
                condition=Q(streams__isnull=True) | Q(streams__gte=1),
                name="at_least_one_answer_at_once",
            ),
        ]

    def __str__(self) -> str:
        return f"{self._meta.verbose_name} {self.organization_id}"
