"""Runs, answers, citations, feedback and usage in the admin dashboard."""

from django.contrib import admin
from django.db import transaction
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from unfold.paginator import InfinitePaginator

from altiplano.accounts.domain.audit import record_event
from altiplano.accounts.interfaces.admin import staff_of
from altiplano.accounts.interfaces.admin_base import AreaAdmin
from altiplano.accounts.interfaces.admin_decisions import Decision, decision_source
from altiplano.accounts.interfaces.admin_operations import operation
from altiplano.accounts.interfaces.admin_traces import JobTraces
from altiplano.runs import event_log
from altiplano.runs.domain.cancelling import cancel_run
from altiplano.runs.models import (
    TERMINAL_STATES,
    Answer,
    Citation,
    Conversation,
    DailyUsage,
    Feedback,
    Report,
    ReportState,
    Run,
)
from altiplano.runs.usage_models import AppUsage, PersonUsage


@decision_source
def reported_answers() -> Decision:
    """Answers that somebody reported and nobody has looked at yet."""
    address = reverse("admin:runs_report_changelist")
    return Decision(
        _("Reported answers"),
        Report.unscoped.filter(state=ReportState.OPEN).count(),
        f"{address}?state__exact={ReportState.OPEN}",
    )


@admin.register(Run)
class RunAdmin(JobTraces, AreaAdmin):
    list_display = ("id", "app", "organization", "state", "error_code", "created_at", "finished_at")
    list_select_related = ("app", "organization")
    list_filter = ("state", "error_code")
    search_fields = ("app__name", "organization__name", "=error_code", "error_message")
    ordering = ("-id",)
    paginator = InfinitePaginator
    actions = ("cancel",)

    @operation(
        label=_("Cancel"),
        question=_("These runs will be stopped; nobody gets an answer from them:"),
        is_dangerous=True,
        suits=lambda row: row.state not in TERMINAL_STATES,
    )
    def cancel(self, request: HttpRequest, row: Run) -> None:
        run = cancel_run(Run.unscoped.get(pk=row.pk))
        record_event(
            principal=None,
            actor=staff_of(request),
            organization_id=run.organization_id,
            action="run.cancelled",
            object_type="run",
            object_id=run.id,
        )
        transaction.on_commit(lambda: event_log.announce_cancel(run.id, run.state))


@admin.register(Answer)
class AnswerAdmin(AreaAdmin):
    list_display = ("run", "is_abstained", "prompt_tokens", "completion_tokens")
    list_select_related = ("run",)
    list_filter = ("is_abstained",)
    search_fields = ("run__app__name", "run__organization__name")
    ordering = ("-run_id",)
    paginator = InfinitePaginator


@admin.register(Citation)
class CitationAdmin(AreaAdmin):
    list_display = ("run", "n", "document_name", "page")
    list_select_related = ("run",)
    search_fields = ("document_name",)
    ordering = ("-id",)
    paginator = InfinitePaginator


@admin.register(Feedback)
class FeedbackAdmin(AreaAdmin):
    list_display = ("run", "organization", "verdict", "reason", "comment", "created_at")
    list_select_related = ("run", "organization")
    list_filter = ("verdict", "reason")
    search_fields = ("comment", "organization__name")
    ordering = ("-created_at",)


@admin.register(Report)
class ReportAdmin(AreaAdmin):
    """What people reported; the organization's builders close it, on a page of their own."""

    list_display = ("run", "organization", "reason", "text", "state", "created_at")
    list_select_related = ("run", "organization")
    list_filter = ("state", "reason")
    search_fields = ("text", "organization__name")
    ordering = ("-created_at",)


@admin.register(Conversation)
class ConversationAdmin(AreaAdmin):
    list_display = ("title", "app", "organization", "asked_at")
    list_select_related = ("app", "organization")
    search_fields = ("app__name", "organization__name")
    ordering = ("-asked_at",)
    paginator = InfinitePaginator


@admin.register(DailyUsage)
class DailyUsageAdmin(AreaAdmin):
    list_display = ("day", "organization", "runs", "prompt_tokens", "completion_tokens")
    list_select_related = ("organization",)
    list_filter = ("day",)
    search_fields = ("organization__name", "organization__slug")
    ordering = ("-day",)


@admin.register(AppUsage)
class AppUsageAdmin(AreaAdmin):
    list_display = ("day", "organization", "door", "asked", "abstained", "failed", "app_id")
    list_select_related = ("organization",)
    list_filter = ("door", "day")
    search_fields = ("organization__name", "organization__slug")
    ordering = ("-day", "id")
    paginator = InfinitePaginator


@admin.register(PersonUsage)
class PersonUsageAdmin(AreaAdmin):
    list_display = ("day", "organization", "asked", "failed", "user_id")
    list_select_related = ("organization",)
    list_filter = ("day",)
    search_fields = ("organization__name", "organization__slug")
    ordering = ("-day", "id")
    paginator = InfinitePaginator
