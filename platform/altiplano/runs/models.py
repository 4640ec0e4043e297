"""Runs: one question to one app, its answer with citations, and what was thought of it.

Who asks may be a member (``user``) or, where an app is public, nobody that we know (None).
"""

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.text import Truncator
from django.utils.translation import gettext_lazy as _

from altiplano.kernel.tenancy import OrganizationModel
from altiplano.runs.usage_models import (  # noqa: F401 - Django finds models here
    AppUsage,
    Door,
    PersonUsage,
)


class RunState(models.TextChoices):
    QUEUED = "queued", _("waiting")
    RUNNING = "running", _("answering")
    FINISHED = "finished", _("answered")
    FAILED = "failed", _("failed")
    CANCELLED = "cancelled", _("cancelled")


TERMINAL_STATES = (RunState.FINISHED, RunState.FAILED, RunState.CANCELLED)


class Conversation(OrganizationModel):
    """What one person asked one app in a row. Its runs are a tree: a question that is asked again
    or in other words stands beside the one whose place it takes (``Run.previous``).

    ``title`` is the first question until the person gives it a name; ``asked_at`` is when the last
    question was put. ``is_trial`` as long as only the draft was tried in it, beside its stages: the
    person's list leaves it out.
    """

    app = models.ForeignKey("studio.App", on_delete=models.CASCADE, related_name="conversations")
    user = models.ForeignKey("accounts.User", null=True, on_delete=models.CASCADE, related_name="+")
    title = models.CharField(_("name"), max_length=200)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    asked_at = models.DateTimeField(default=timezone.now)
    is_trial = models.BooleanField(_("trial"), default=False)

    class Meta(OrganizationModel.Meta):
        abstract = False
        verbose_name = _("conversation")
        indexes = [
            models.Index(fields=["organization", "user", "-asked_at"], name="conversation_recent")
        ]

    def __str__(self) -> str:
        return self.title


class Run(OrganizationModel):
    """One execution of an app for one question.

    ``spec`` pins everything the execution needs (pipeline, collections with their generations,
    endpoint), so that neither a republished app nor a new index changes a run under way.
    ``version`` is empty for runs of the draft. Runs of programs belong to no ``conversation``.
    ``visitor`` is whose browser asked where an app is public; it names nobody.
    """

    app = models.ForeignKey("studio.App", on_delete=models.CASCADE, related_name="runs")
    version = models.ForeignKey(
        "studio.AppVersion", null=True, on_delete=models.SET_NULL, related_name="+"
    )
    user = models.ForeignKey(
        "accounts.User", null=True, on_delete=models.SET_NULL, related_name="+"
    )
    token_id = models.UUIDField(null=True)
    door = models.CharField(max_length=6, choices=Door, default=Door.PORTAL)
    visitor = models.UUIDField(null=True, editable=False)
    conversation = models.ForeignKey(
        Conversation, null=True, on_delete=models.CASCADE, related_name="runs"
    )
    previous = models.ForeignKey("self", null=True, on_delete=models.SET_NULL, related_name="next")
    question = models.TextField()
    history = models.JSONField(default=list)
    spec = models.JSONField()
    state = models.CharField(max_length=10, choices=RunState, default=RunState.QUEUED)
    is_cancel_requested = models.BooleanField(default=False)
    error_code = models.CharField(max_length=40, blank=True)
    error_message = models.CharField(max_length=500, blank=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    finished_at = models.DateTimeField(null=True)
    trace_parent = ""  # not stored here but with the job that the run becomes

    class Meta(OrganizationModel.Meta):
        abstract = False
        verbose_name = _("run")
        constraints = [
            models.CheckConstraint(
                condition=Q(state__in=RunState.values), name="run_state_is_known"
            ),
            models.CheckConstraint(
                condition=~Q(state="failed") | ~Q(error_message=""),
                name="a_failed_run_says_why",
            ),
        ]
        indexes = [
            models.Index(fields=["organization", "-created_at"], name="run_recent"),
            models.Index(fields=["app", "-created_at"], name="run_of_app"),
        ]

    def __str__(self) -> str:
        return f"“{Truncator(self.question).chars(60)}” ({self.get_state_display()})"


class Answer(models.Model):
    """The final text of a run, its usage and its trace; written once, before the terminal event.

    ``events`` is the whole event stream but for the deltas, for late readers; ``timings`` are in
    milliseconds. ``prompt`` is what the model was sent, and is shown to those who build the app.
    ``waiting`` is the call of a tool that the answer waits with until the person who asked has
    decided (:mod:`altiplano.runs.domain.deciding`), else empty. ``evaluations`` are what the app's
    evaluators said of the answer, some time after it was given
    (:mod:`altiplano.runs.domain.evaluating`).
    """

    run = models.OneToOneField(
        Run, primary_key=True, on_delete=models.CASCADE, related_name="answer"
    )
    text = models.TextField(blank=True)
    is_abstained = models.BooleanField(default=False)
    prompt_tokens = models.PositiveIntegerField(default=0)
    completion_tokens = models.PositiveIntegerField(default=0)
    timings = models.JSONField(default=dict)
    events = models.JSONField(default=list)
    prompt = models.JSONField(default=list)
    waiting = models.JSONField(default=dict)
    evaluations = models.JSONField(default=list)

    def __str__(self) -> str:
        return f"{self._meta.verbose_name} {self.run_id}"


class Citation(models.Model):
    """Link from a span of an answer to the place in a document that supports it.

    The document is named by id and not by foreign key: a citation outlives a deleted document, and
    then says so.
    """

    id = models.BigAutoField(primary_key=True)
    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="citations")
    ordinal = models.PositiveSmallIntegerField()
    n = models.PositiveSmallIntegerField()
    chunk_id = models.BigIntegerField()
    document_id = models.UUIDField()
    document_name = models.CharField(max_length=255)
    page = models.PositiveIntegerField()
    start = models.PositiveIntegerField()
    end = models.PositiveIntegerField()
    quote = models.TextField()
    answer_start = models.PositiveIntegerField()
    answer_end = models.PositiveIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["run", "ordinal"], name="citation_ordinal_is_unique")
        ]

    def __str__(self) -> str:
        return f"[{self.n}] {self.document_name} ({self.page})"


class Verdict(models.TextChoices):
    GOOD = "good", _("helpful")
    BAD = "bad", _("not helpful")


class FeedbackReason(models.TextChoices):
    WRONG = "wrong", _("the answer is wrong")
    INCOMPLETE = "incomplete", _("something is missing")
    SOURCE = "source", _("the sources do not support it")
    OUTDATED = "outdated", _("it is out of date")
    REFUSED = "refused", _("it should have answered")
    LANGUAGE = "language", _("wrong language or unclear")
    HARMFUL = "harmful", _("harmful or inappropriate")
    OTHER = "other", _("something else")


class Feedback(OrganizationModel):
    """A person's judgement of an answer; one per person and run, the last one counts.

    Without ``user`` it is the visitor's who asked.
    """

    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="feedback")
    user = models.ForeignKey("accounts.User", null=True, on_delete=models.CASCADE, related_name="+")
    verdict = models.CharField(max_length=4, choices=Verdict)
    reason = models.CharField(max_length=12, choices=FeedbackReason, blank=True)
    comment = models.CharField(max_length=2000, blank=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta(OrganizationModel.Meta):
        abstract = False
        verbose_name = _("feedback")
        constraints = [
            models.UniqueConstraint(fields=["run", "user"], name="one_feedback_per_person_and_run"),
            models.UniqueConstraint(
                fields=["run"],
                condition=Q(user__isnull=True),
                name="one_feedback_of_a_visitor_per_run",
            ),
        ]

    def __str__(self) -> str:
        return f"{self._meta.verbose_name} {self.run_id} ({self.get_verdict_display()})"


class ReportReason(models.TextChoices):
    HARMFUL = "harmful", _("it is offensive or could hurt someone")
    WRONG = "wrong", _("it is wrong in a way that does harm")
    PERSONAL = "personal", _("it shows personal data")
    RIGHTS = "rights", _("it breaks the law or takes a right from someone")
    OTHER = "other", _("something else")


class ReportState(models.TextChoices):
    OPEN = "open", _("open")
    CLOSED = "closed", _("closed")


class Report(OrganizationModel):
    """Someone asks that a person looks at an answer. It is open until somebody closed it.

    ``note`` is what whoever closed it found. Without ``user`` a visitor reported it.
    """

    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="reports")
    user = models.ForeignKey(
        "accounts.User", null=True, on_delete=models.SET_NULL, related_name="+"
    )
    reason = models.CharField(_("reason"), max_length=12, choices=ReportReason)
    text = models.CharField(_("text"), max_length=2000, blank=True)
    state = models.CharField(
        _("state"), max_length=6, choices=ReportState, default=ReportState.OPEN
    )
    note = models.CharField(_("note"), max_length=2000, blank=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    closed_at = models.DateTimeField(null=True)
    closed_by = models.ForeignKey(
        "accounts.User", null=True, on_delete=models.SET_NULL, related_name="+"
    )

    class Meta(OrganizationModel.Meta):
        abstract = False
        verbose_name = _("report")
        constraints = [
            models.CheckConstraint(
                condition=Q(reason__in=ReportReason.values), name="report_reason_is_known"
            ),
            models.CheckConstraint(
                condition=Q(state="open", closed_at__isnull=True)
                | Q(state="closed", closed_at__isnull=False),
                name="a_closed_report_says_when",
            ),
        ]
        indexes = [
            models.Index(fields=["organization", "state", "-created_at"], name="report_recent")
        ]

    def __str__(self) -> str:
        return f"{self._meta.verbose_name} {self.run_id} ({self.get_state_display()})"


class DailyUsage(OrganizationModel):
    """What an organization used on one day (UTC); a run counts once, when it is accepted."""

    day = models.DateField()
    runs = models.PositiveIntegerField(default=0)
    prompt_tokens = models.PositiveBigIntegerField(default=0)
    completion_tokens = models.PositiveBigIntegerField(default=0)

    class Meta(OrganizationModel.Meta):
        abstract = False
        verbose_name = _("daily usage")
        constraints = [
            models.UniqueConstraint(fields=["organization", "day"], name="one_usage_row_per_day")
        ]

    def __str__(self) -> str:
        return f"{self._meta.verbose_name} {self.day}, {self.organization_id}"
